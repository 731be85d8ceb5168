"""The double as an image: Debian's llama.cpp and Python, its own files, and the real image's entry point."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deploy.agent.docker.api import Docker
from deploy.agent.inputs.archive import (
    Layer,
    LayerWriter,
    archive_parts,
    archive_size,
    configuration,
    entry,
    stream,
)
from deploy.agent.inputs.cache import Cache
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.layers import root_key
from deploy.agent.inputs.mirrors import Mirrors
from deploy.agent.inputs.rootfs import write_root
from deploy.agent.journal import Journal

HERE = Path(__file__).parent
SUITE, DEBIAN = "sid", ["ca-certificates", "llama.cpp", "python3"]
PLACE = "opt/double"
ENTRY = b"""#!/usr/bin/python3 -IBS
import sys
sys.path.insert(0, "/opt/double")
from tests.doubles.ollama.__main__ import main
raise SystemExit(main(sys.argv[1:]))
"""
ENVIRONMENT = {
    "DOUBLE_PAUSE_SECONDS": "0.02",
    "LANG": "C.UTF-8",
    "OLLAMA_HOST": "0.0.0.0:11434",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}
NOT_IN_IT = ("image.py",)


def double_image(cache: str = "/var/cache/kit") -> str:
    """Return the reference of the double's image; assemble it where this machine has it not yet."""
    tag = f"kit-double/ollama:{_digest()}"
    docker = Docker()
    if docker.image(tag) is None:
        _assemble(docker, tag, Cache(cache))
    return tag


def _files() -> list[tuple[str, bytes]]:
    found = [(path.name, path.read_bytes()) for path in sorted(HERE.glob("*.py")) if path.name not in NOT_IN_IT]
    return [(f"{PLACE}/tests/doubles/ollama/{name}", content) for name, content in found]


def _digest() -> str:
    parts = [SUITE, *DEBIAN, ENTRY.decode(), json.dumps(ENVIRONMENT), Path(__file__).read_text()]
    parts += [f"{name} {hashlib.sha256(content).hexdigest()}" for name, content in _files()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _assemble(docker: Docker, tag: str, cache: Cache) -> None:
    with tempfile.TemporaryDirectory(prefix="kit-double-") as folder:
        work = Path(folder)
        own = _own_layer(work / "own.tar")
        layers = [_root(cache, work), own]
        parts = archive_parts(tag, _configuration(tag, layers), layers)
        docker.load(stream(parts, lambda: None), archive_size(parts))


def _root(cache: Cache, work: Path) -> Layer:
    asked: Any = {"suite": SUITE, "debian": DEBIAN}
    key = root_key(asked)
    journal = Journal(str(work), "double")
    with cache.held(journal):
        known = cache.known(key)
        if known:
            return known[0]
        folder = cache.work / f"root-{key[:12]}"
        folder.mkdir()
        mirrors = Mirrors(None, None, None, None)
        made, _ = cache.keep(
            key, lambda writer: write_root(writer, SUITE, DEBIAN, mirrors, Children(), folder, journal)
        )
        return made


def _own_layer(path: Path) -> Layer:
    with path.open("wb") as output:
        writer = LayerWriter(output)
        for folder in _folders(name for name, _ in _files()):
            writer.add(*entry(folder, 0o755))
        for name, content in _files():
            writer.add(*entry(name, 0o644, data=content))
        # /bin is a link to this folder.
        writer.add(*entry("usr/bin/ollama", 0o755, data=ENTRY))
        diff_id = writer.close()
    return Layer(diff_id, writer.size, path)


def _folders(names: Iterable[str]) -> list[str]:
    found = {str(parent) for name in names for parent in Path(name).parents if str(parent) != "."}
    return sorted(found)


def _configuration(tag: str, layers: list[Layer]) -> bytes:
    wanted: Any = {
        "entrypoint": ["/bin/ollama"],
        "environment": ENVIRONMENT,
        "labels": {"kit.double": "ollama"},
        "workdir": "/",
        "digest": tag.rpartition(":")[2],
    }
    made = configuration(wanted, layers)
    document = json.loads(made)
    # It is no image of a recipe: what looks for those must not find it.
    del document["config"]["Labels"]["kit.recipe"]
    document["config"] |= {"Cmd": ["serve"], "ExposedPorts": {"11434/tcp": {}}}
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
