"""A Modelfile on this machine, with the files that it names, as lines of kit.yaml."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deploy.errors import Problem, SpecError, UsageError
from deploy.modelfile.parse import parse
from deploy.modelfile.scan import scan
from deploy.modelfile.spec_lines import is_path, spec_lines

MAGIC = b"GGUF"
PIECE = 1 << 20
LARGEST = 4 << 20
Progress = Callable[[str, int, int], None]
"""Hears of a file, how much of it was read, and its size."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def imported(file: Path, name: str | None, engine: str, beside: Path, progress: Progress) -> str:
    """Return the entry of `models` that makes what a Modelfile makes; paths begin at the folder of kit.yaml."""
    content = _content(file)
    found = parse(str(file), content)
    sha256s: dict[str, str] = {}
    problems: list[Problem] = []
    sources = {"from": found.from_, "adapter": found.adapter}
    for instruction, source in sources.items():
        if source is None or not _is_file(source, file.parent):
            continue
        path = file.parent / Path(source).expanduser()
        wrong = _wrong(path)
        if wrong:
            problems.append(Problem(str(file), _line(file, content, instruction), 1, "", f"{source} {wrong}"))
            continue
        sources[instruction] = _written(path, source, beside)
        sha256s[sources[instruction] or ""] = _sha256(path, progress)
    if problems:
        raise SpecError(problems, "bring the GGUF file to where that line says, or change the line")
    whole = replace(found, from_=sources["from"] or found.from_, adapter=sources["adapter"])
    return spec_lines(whole, name or name_of(file), engine, sha256s)


def name_of(file: Path) -> str:
    """Return the name that a Modelfile's path suggests: its own, or that of its folder."""
    words = [word for word in file.name.split(".") if word.lower() not in ("modelfile", "modefile", "txt", "")]
    name = ".".join(words) or file.absolute().parent.name
    return _NOT_IN_NAMES.sub("-", name).strip("-._")[:63] or "model"


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", "give the path of a Modelfile") from None
    if len(content) > LARGEST:
        raise UsageError(f"{file} is larger than 4 MiB", "give the path of a Modelfile, not of a model")
    return content


def _is_file(source: str, folder: Path) -> bool:
    # As the engine's own program decides: what lies there is taken before what a library has.
    return is_path(source) or (folder / source).exists()


def _wrong(path: Path) -> str:
    if path.is_dir():
        return "is a folder; kit.yaml takes one GGUF file"
    try:
        with path.open("rb") as stream:
            return "" if stream.read(len(MAGIC)) == MAGIC else "is no GGUF file; kit.yaml takes nothing else"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _written(path: Path, source: str, beside: Path) -> str:
    return str(path) if Path(source).expanduser().is_absolute() else os.path.relpath(path, beside)


def _sha256(path: Path, progress: Progress) -> str:
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
            done += len(piece)
            progress(path.name, done, size)
    return digest.hexdigest()


def _line(file: Path, content: bytes, instruction: str) -> int:
    text = content.decode("utf-8", errors="replace")
    return next((one.line for one in scan(str(file), text) if one.name == instruction), 1)
