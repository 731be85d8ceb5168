"""Measurements that need an engine: the double in a process of its own, or the one that KIT_TEST_OLLAMA names."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.measure import REPOSITORY, Ratio, Result, Skipped, in_turns, output_of, seconds_of
from tests.contract.toys import toy

MODELS, RUNS, MIB = 50, 5, 2**20
FILE_BYTES = 128 * MIB
SYNC = """
import json, sys
from pathlib import Path
from deploy.agent.engines import sync
from deploy.agent.journal import Journal
request = json.loads(Path(sys.argv[1]).read_text())
sys.stdin = Path(sys.argv[1]).with_name("toy.gguf").open()
print(json.dumps(sync.run(request, Journal(request["root"], request["run"]))))
"""
UPLOAD = """
import json, sys
from pathlib import Path
from deploy.agent.protocols.ollama.blobs import Blobs
from deploy.agent.protocols.ollama.engine import Engine
from deploy.agent.inputs.children import Children
from deploy.agent.journal import Journal
request, blob = json.loads(Path(sys.argv[1]).read_text()), json.loads(sys.argv[2])
sys.stdin = Path(sys.argv[1]).with_name(blob["source"]["file"]["name"]).open()
engine = Engine(request["engines"][0], Path(request["root"]))
if not engine.has_blob(blob["sha256"]):
    with Blobs(request, Journal(request["root"], "bench"), Children()).opened("bench", blob) as pieces:
        engine.upload(blob["sha256"], blob["size"], pieces)
"""


def sync(_spec: Path) -> Result:
    """The agent's work for 50 models that are as they should be, against one look at the list."""
    if shutil.which("curl") is None:
        return Skipped("sync", "curl is not on PATH")
    with tempfile.TemporaryDirectory(prefix="kit-bench-") as name, engine(Path(name)) as url:
        folder = Path(name)
        models = [_model(f"kit-bench-{number:02}", folder) for number in range(MODELS)]
        path = _written(folder, url, models)
        try:
            output_of([sys.executable, "-c", SYNC, str(path)])
            peer = ["curl", "-sS", "-o", "/dev/null", f"{url}/api/tags"]
            found = in_turns("sync", [sys.executable, "-c", SYNC, str(path)], peer, bar=6.0, runs=11)
            return replace(found, ours=f"the agent's sync of {MODELS} models")
        finally:
            output_of([sys.executable, "-c", SYNC, str(_written(folder, url, [], prune=True))])


def upload(_spec: Path) -> Result:
    """A file on its way to the engine, held to its sha256, against `curl` with one like it."""
    if shutil.which("curl") is None:
        return Skipped("upload", "curl is not on PATH")
    with tempfile.TemporaryDirectory(prefix="kit-bench-") as name, engine(Path(name)) as url:
        folder = Path(name)
        request = _written(folder, url, [])
        turns = []
        for number in range(RUNS + 1):
            ours, theirs = (_blob(folder, f"{number}-{whose}") for whose in ("ours", "peer"))
            argv = [sys.executable, "-c", UPLOAD, str(request), json.dumps(ours)]
            peer = ["curl", "-sS", "-f", "-X", "POST", "-T", str(folder / theirs["source"]["file"]["name"])]
            peer += ["-H", "Expect:", f"{url}/api/blobs/sha256:{theirs['sha256']}"]
            turns.append((seconds_of(argv), seconds_of(peer)))
            for blob in (ours, theirs):
                (folder / blob["source"]["file"]["name"]).unlink()
    mine, other = (median(turn[place] for turn in turns[1:]) for place in (0, 1))
    return Ratio("upload", f"the agent with {FILE_BYTES // MIB} MiB", "curl -X POST -T FILE", mine, other, 2.0, RUNS)


@contextmanager
def engine(folder: Path) -> Iterator[str]:
    """Give the address of an engine."""
    named = os.environ.get("KIT_TEST_OLLAMA")
    if named:
        yield named.rstrip("/")
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {**os.environ, "OLLAMA_HOST": address, "OLLAMA_MODELS": str(folder / "models")}
    argv = [sys.executable, "-m", "tests.doubles.ollama", "serve"]
    with subprocess.Popen(argv, cwd=REPOSITORY, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            _until_it_answers(f"http://{address}/api/version")
            yield f"http://{address}"
        finally:
            process.terminate()


def _until_it_answers(url: str) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > end:
                raise SystemExit(f"{url} does not answer") from None
            time.sleep(0.02)


def _written(folder: Path, url: str, models: list[dict[str, Any]], *, prune: bool = False) -> Path:
    described = {"name": "main", "protocol": "ollama", "address": url, "models_dir": None}
    engines = [{**described, "prune": prune, "models": models}]
    request = {"root": str(folder / "root"), "run": "bench", "cache": str(folder), "engines": engines}
    (folder / "root" / "run").mkdir(parents=True, exist_ok=True)
    path = folder / f"request-{len(models)}.json"
    path.write_text(json.dumps(request))
    return path


def _model(name: str, folder: Path) -> dict[str, Any]:
    path = folder / "toy.gguf"
    path.write_bytes(toy(template=False))
    blob = _described(path)
    request = {"model": name, "files": {"model.gguf": f"sha256:{blob['sha256']}"}, "system": f"I am {name}."}
    digest = hashlib.sha256(json.dumps(request).encode()).hexdigest()
    return {"name": name, "digest": digest, "request": request, "blobs": [blob], "base": None}


def _blob(folder: Path, name: str) -> dict[str, Any]:
    path, piece = folder / name, b"GGUF" + os.urandom(MIB - 4)
    with path.open("wb") as output:
        for _ in range(FILE_BYTES // MIB):
            output.write(piece)
    return _described(path)


def _described(path: Path) -> dict[str, Any]:
    with path.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    size = path.stat().st_size
    return {"file": "model.gguf", "sha256": sha256, "size": size, "source": {"file": {"name": path.name}}}
