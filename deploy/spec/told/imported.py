"""A Modelfile on this machine, with its files, as lines of kit.yaml."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.errors import KitError, Problem, SpecError, UsageError
from deploy.fields.messages import with_system
from deploy.protocols.doors.making import Modelfile
from deploy.protocols.doors.modelfiles import Parsed, is_address, is_blob, is_path, parse, spec_entry, spec_lines
from deploy.reference import plain_model
from deploy.spec.told.checked import refused_beside, refused_by_itself, taken

if TYPE_CHECKING:
    from deploy.spec.model import Spec

MAGIC = b"GGUF"
PIECE = 1 << 20
LARGEST = 4 << 20
STDIN = Path("-")
"""Stands for standard input."""
Progress = Callable[[str, int, int], None]
"""Receives the name of a file, its bytes read so far, and its size."""
_ADDRESS = (
    "is an address, which no engine fetches from; write `from: {url: ADDRESS, sha256: ...}` in kit.yaml, or a model's"
    " name such as hf.co/OWNER/MODEL"
)
_FILES_ADDRESS = "is an address, which no engine fetches from; download the file and write its path"
_TAG_AND_FILE = "a second FROM is a file, and the first one none; a projector goes with a file"
_SHARD = "a second FROM is no projector (mmproj); join the parts of a split model with `llama-gguf-split --merge`"
_JOINED = "MESSAGE system follows SYSTEM; `system` holds both texts, as the engine joins them"
_LATER = "MESSAGE system stands between other messages, and beside SYSTEM many templates lose one; move it into SYSTEM"
_SHOWN = re.compile(r"# FROM (\S+)")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


WITHOUT = {"from": "", "name": "choose another name with --name N", "engine": "choose another engine with --engine E"}
"""Keys that every entry needs, each with the option that changes it."""


@dataclass(frozen=True)
class Imported:
    """The result of an import."""

    lines: str
    """The entry of `models`."""
    left_out: tuple[Problem, ...]
    """Instructions that kit.yaml cannot express, each cause once with its lines."""
    notes: tuple[Problem, ...]
    """Values that kit.yaml writes in another way, or that the engine's own reader would have dropped."""


def imported(
    file: Path, name: str | None, engine: str, beside: Path, progress: Progress, spec: Spec | None = None
) -> Imported:
    """Return the entry of `models` that creates the same model as a Modelfile; paths begin at kit.yaml's folder.

    The entry passes every check of `kit check`: in `spec`, or in a kit.yaml of its own.
    """
    content = _content(file)
    place = place_of(file)
    parsed = _with_one_system(parse(place, content), place)
    modelfile, lost = _with_projector(parsed.modelfile, file.parent)
    whole, sha256s, problems = _with_files(replace(parsed, modelfile=modelfile), content, file, beside, progress)
    if problems:
        next_step = "put the GGUF file at that path, or change the line"
        raise SpecError([*problems, *parsed.left_out], next_step)
    entry = spec_entry(whole, name or name_of(file), engine, sha256s)
    refused = refused_by_itself(entry, place, parsed.lines)
    kept = {key: value for key, value in entry.items() if key not in refused}
    while not refused.keys() & WITHOUT and (found_beside := refused_beside(kept, spec, place, parsed.lines)):
        refused |= found_beside
        kept = {key: value for key, value in kept.items() if key not in found_beside}
    if refused.keys() & WITHOUT:
        steps = "; ".join(step for key, step in WITHOUT.items() if key in refused and step)
        raise SpecError([*_flat(refused), *parsed.left_out], steps)
    notes = [Problem(place, 1, 1, "", words)] if (words := taken(kept, spec)) else []
    told = [Problem(place, parsed.lines["projector"], 1, "", lost)] if lost else []
    return Imported(
        spec_lines(kept), tuple(sorted([*parsed.left_out, *_flat(refused), *told])), (*parsed.notes, *notes)
    )


def _with_one_system(parsed: Parsed, place: str) -> Parsed:
    """Join SYSTEM and the messages of the system into one text: many templates lose one of the two."""
    modelfile = parsed.modelfile
    if modelfile.system is None:
        return parsed
    joined = with_system(modelfile.system, modelfile.messages)
    notes, left_out = [
        tuple(Problem(place, parsed.message_lines[each], 1, "", words) for each in places)
        for words, places in ((_JOINED, joined.joined), (_LATER, joined.later))
    ]
    return replace(
        parsed,
        modelfile=replace(modelfile, system=joined.system, messages=tuple(joined.messages)),
        notes=(*parsed.notes, *notes),
        left_out=(*parsed.left_out, *left_out),
    )


def _with_files(
    parsed: Parsed, content: bytes, file: Path, beside: Path, progress: Progress
) -> tuple[Modelfile, dict[str, str], list[Problem]]:
    """Return a Modelfile whose paths begin at kit.yaml, the sha256 of each file, and the files' faults."""
    modelfile, place = parsed.modelfile, place_of(file)
    sha256s: dict[str, str] = {}
    problems: list[Problem] = []
    sources = {"from": modelfile.from_, "adapter": modelfile.adapter, "projector": modelfile.projector}
    for instruction, source in sources.items():
        if source is not None and _is_no_model(source, instruction):
            told = _ADDRESS if instruction == "from" else _FILES_ADDRESS
            problems.append(Problem(place, parsed.lines[instruction], 1, "", f"{source} {told}"))
            continue
        if source is None or (instruction == "from" and not _is_file(source, file.parent)):
            continue
        path = file.parent / _expanded(source)
        if wrong := _wrong(path):
            line = parsed.lines[instruction]
            instead = _instead(content, line, source) if instruction == "from" else ""
            problems.append(Problem(place, line, 1, "", f"{source} {wrong}{instead}"))
            continue
        sources[instruction] = _written(path, source, beside)
        sha256s[sources[instruction] or ""] = _sha256(path, progress)
    from_, adapter, projector = (sources[instruction] for instruction in ("from", "adapter", "projector"))
    return replace(modelfile, from_=from_ or modelfile.from_, adapter=adapter, projector=projector), sha256s, problems


def _with_projector(modelfile: Modelfile, folder: Path) -> tuple[Modelfile, str]:
    """Return a Modelfile with its two files in their roles, whatever their order, or why it has no projector."""
    if modelfile.projector is None:
        return modelfile, ""
    if not _is_file(modelfile.from_, folder):
        return replace(modelfile, projector=None), _TAG_AND_FILE
    first, second = (_is_projector(folder / _expanded(each)) for each in (modelfile.from_, modelfile.projector))
    if first and not second:
        return replace(modelfile, from_=modelfile.projector, projector=modelfile.from_), ""
    return (modelfile, "") if second or second is None else (replace(modelfile, projector=None), _SHARD)


def _is_no_model(address: str, instruction: str) -> bool:
    """Return True if no engine fetches an address: behind FROM, the address of a model's page is the model's name."""
    return is_address(address) and (instruction != "from" or plain_model(address) == address)


def _is_projector(path: Path) -> bool | None:
    """Return True if a file is a projector; None if it cannot be read, which is reported elsewhere."""
    from deploy.gguf import is_projector

    try:
        with path.open("rb") as stream:
            return is_projector(stream, str(path))
    except OSError:
        return None
    except KitError:
        return False


def _flat(refused: Mapping[str, list[Problem]]) -> list[Problem]:
    return [problem for problems in refused.values() for problem in problems]


def place_of(file: Path) -> str:
    """Return the name of a Modelfile in messages about its lines."""
    return "stdin" if file == STDIN else str(file)


def name_of(file: Path) -> str:
    """Return the name that a Modelfile's path suggests: the file's, or its folder's."""
    called = "" if file == STDIN else file.name
    words = [word for word in called.split(".") if word.lower() not in ("modelfile", "modefile", "txt", "")]
    name = ".".join(words) or file.absolute().parent.name
    return _NOT_IN_NAMES.sub("-", name).strip("-._")[:63] or "model"


def _content(file: Path) -> bytes:
    try:
        if file == STDIN:
            content = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with file.open("rb") as stream:
                content = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{place_of(file)}: {error.strerror}", "give the path of a Modelfile") from None
    if len(content) > LARGEST:
        raise UsageError(f"{place_of(file)} is larger than 4 MiB", "give the path of a Modelfile, not of a model")
    return content


def _is_file(source: str, folder: Path) -> bool:
    # The engine's own program decides so: a local file takes precedence over a library's model.
    if is_path(source):
        return True
    try:
        return (folder / source).exists()
    except OSError:
        return False


def _expanded(source: str) -> Path:
    """Return a path with its `~` expanded; the home of an unknown user stays as it is."""
    try:
        return Path(source).expanduser()
    except RuntimeError:
        return Path(source)


def _wrong(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return "" if stream.read(len(MAGIC)) == MAGIC else "is no GGUF file; kit.yaml takes nothing else"
    except IsADirectoryError:
        return "is a folder; kit.yaml takes one GGUF file"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _instead(content: bytes, line: int, source: str) -> str:
    """Return the words about a replacement for a missing file behind FROM."""
    if is_blob(source):
        return _named(content, line)
    host, _, rest = source.partition("/")
    if "." in host.strip(".") and rest.count("/") > 1:
        owner, model = rest.split("/")[:2]
        return f"; a model of a registry is named without its file: {host}/{owner}/{model}, and a tag such as :Q4_K_M"
    return ""


def _named(content: bytes, line: int) -> str:
    """Return the words about a replacement for an engine's own file, as the engine's `show` prints it behind FROM."""
    above = content.decode(errors="replace").splitlines()[: line - 1]
    names = [match[1] for each in above if (match := _SHOWN.fullmatch(each.strip()))]
    right = f"`FROM {names[-1]}`, the name in the comment above it" if names else "the model's name behind FROM"
    return f"; such a file lies with an engine: write {right}, or what that was made from where no library has it"


def _written(path: Path, source: str, beside: Path) -> str:
    return str(path) if _expanded(source).is_absolute() else os.path.relpath(path, beside)


def _sha256(path: Path, progress: Progress) -> str:
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
            done += len(piece)
            progress(path.name, done, size)
    return digest.hexdigest()
