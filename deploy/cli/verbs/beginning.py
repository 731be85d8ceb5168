"""The questions of `kit init`, and the files that it writes."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.agent.line import Line
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import DEFAULT_SPEC
from deploy.errors import UsageError
from deploy.spec.told.first import Choices
from deploy.spec.told.fleet import places_in, with_places
from deploy.spec.told.schema import FILE_NAME
from deploy.spec.told.starter import inventory_files, starter_files
from deploy.stack import HERE
from deploy.words import did_you_mean

LAN = "lan"
"""Shipped deployment of a local network."""
MAGIC = b"GGUF"
OTHER_FILES = (".conf", ".gguf", ".ini", ".json", ".lock", ".md", ".toml", ".txt")
"""Endings of file names: a name with one is no folder."""
STRANGERS = (
    (b"version https://git-lfs", "it is Git LFS's pointer to the file; `git lfs pull` brings the file itself"),
    (b"<", "it is a web page; download the file itself"),
)
"""First bytes of files that people mistake for a model."""


_IMAGES = (
    "Images: build (assembled here from Debian and Python packages) or pull (the official ones, larger, from the "
    "registries of Docker and GitHub) [build]:"
)


def ask_choices(output: Output, folder: Path) -> Choices:
    """Ask for facts that only a person knows; an empty answer means the default."""
    default = Choices()
    stack = output.asked(f"Name of the deployment [{default.stack}]:").strip()
    model = output.asked("Model: a tag such as llama3.2:3b, or a GGUF file [a tiny one for a first try]:").strip()
    images = output.asked(_IMAGES).strip()
    chosen = replace(default, stack=stack or default.stack, images=images or default.images)
    is_file = model.lower().endswith(".gguf") or any((place / model).is_file() for place in (folder, Path()))
    return with_model(output, chosen, folder, Path(model)) if is_file else replace(chosen, model=model)


def files_of(
    output: Output, spec: Path, inventory: str | None, choices: Choices, given: dict[str, Any]
) -> dict[str, str]:
    """Return the files to write, by their names beside the spec."""
    if inventory and given:
        raise UsageError("--from copies a deployment as it is", "leave the other flags out, and edit the copy")
    files = inventory_files(inventory) if inventory else starter_files(_chosen(output, spec.parent, choices, given))
    return {spec.name if name == "kit.yaml" else name: text for name, text in files.items()}


def asked_places(
    output: Output, text: str, typed: Mapping[str, str], *, are_needed: bool
) -> tuple[str, frozenset[str]]:
    """Return a shipped kit.yaml with a person's machines, and the hosts whose address is still an example.

    Args:
        output: Asks for the addresses that were not typed, on a terminal.
        text: The shipped kit.yaml.
        typed: Hosts with their [USER@]ADDRESS, as the command line has them.
        are_needed: True if an example is no answer without a terminal.
    """
    shipped = {host: place for host, place in places_in(text).items() if host != HERE}
    for host in typed:
        if host not in shipped:
            step = f"there are: {', '.join(shipped)}" if shipped else "it has no machines; leave --address out"
            raise UsageError(f"the deployment has no machine {host!r}{did_you_mean(host, shipped)}", step)
    missing = [host for host in shipped if host not in typed]
    if missing and not output.can_ask and are_needed:
        words = [word for host in shipped for word in ("--address", f"{host}={typed.get(host, shipped[host])}")]
        raise UsageError(
            f"the addresses of {', '.join(missing)} are missing, and there is no terminal to ask a person on",
            f"type, with your own addresses: {Line('init', '--lan', *words)}",
        )
    asked = missing if output.can_ask else []
    answers = {host: output.asked(f"Machine {host} [{shipped[host]}]:").strip() or shipped[host] for host in asked}
    return with_places(text, {**typed, **answers}), frozenset(missing).difference(asked)


def typed_places(words: tuple[str, ...]) -> dict[str, str]:
    """Return the hosts of NAME=[USER@]ADDRESS with what stands behind the name."""
    places: dict[str, str] = {}
    for word in words:
        host, _, place = word.partition("=")
        if not host or not place:
            raise UsageError(f"--address {word!r} is no NAME=[USER@]ADDRESS", "as in: --address big=admin@192.168.1.20")
        if host in places:
            raise UsageError(f"--address {host} is given twice", "leave one of them out")
        places[host] = place
    return places


def _chosen(output: Output, folder: Path, choices: Choices, given: dict[str, Any]) -> Choices:
    stack, model, engine = (str(given.get(name, "")) for name in ("stack", "model", "engine"))
    places = tuple(place.strip() for word in given.get("publish", ()) for place in word.split(","))
    chosen = replace(choices, stack=stack or choices.stack, model=model or choices.model, engine=engine)
    chosen = replace(chosen, gateway="no_gateway" not in given, webui="no_webui" not in given)
    chosen = replace(chosen, publish=places or chosen.publish, images=str(given.get("images", choices.images)))
    chosen = _at(chosen, str(given.get("url", "")), str(given.get("sha256", "")))
    if chosen.model_url and "gguf" in given:
        raise UsageError("--gguf and --url are two files", "leave one of them out")
    return with_model(output, chosen, folder, Path(str(given["gguf"]))) if "gguf" in given else chosen


def _at(choices: Choices, url: str, sha256: str) -> Choices:
    """Return True if an address is a GGUF file's, False if it is a running engine's."""
    if not urlsplit(url).path.lower().endswith(".gguf"):
        if sha256:
            raise UsageError("--sha256 belongs to a GGUF file at an address", "add --url ADDRESS.gguf, or leave it out")
        if url and not choices.model:
            raise UsageError(f"the model of {url} is missing", "add --model NAME")
        return replace(choices, engine_url=url)
    if not sha256:
        raise UsageError(f"--url {url} needs the file's sha256", "add --sha256 HEX; the page of the file shows it")
    return replace(choices, model_url=url, model_sha256=sha256)


def with_model(output: Output, choices: Choices, folder: Path, file: Path | None) -> Choices:
    """Add a model's file with its sha256; it is beside kit.yaml or in the current folder."""
    if file is None:
        return choices
    path = folder / file if (folder / file).is_file() else file
    try:
        with path.open("rb") as stream:
            _ensure_gguf(file, stream.read(len(STRANGERS[0][0])))
            stream.seek(0)
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", "give the path of a GGUF file that is there") from None
    written = written_path(path, folder)
    if Path(written).is_absolute():
        output.note(f"the model is outside the folder of kit.yaml: it is sent from {written}")
    return replace(choices, model_file=written, model_sha256=sha256)


def _ensure_gguf(file: Path, first: bytes) -> None:
    if not first.startswith(MAGIC):
        why = next((words for begin, words in STRANGERS if first.startswith(begin)), "a GGUF file begins with GGUF")
        raise UsageError(f"{file} is no GGUF file: {why}", "give the path of a GGUF file")


def written_path(file: Path, folder: Path) -> str:
    """Return a path as kit.yaml has it: relative if both are in one folder or git checkout, else absolute."""
    # Not resolved: a link in the folder is the file that a person means.
    file, folder = (Path(os.path.normpath(path.absolute())) for path in (file, folder))
    checkout = next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)
    return os.path.relpath(file, folder) if file.is_relative_to(checkout) else str(file)


def write_new(folder: Path, files: dict[str, str]) -> list[Path]:
    """Write every file, or none if a person's file would be overwritten."""
    for name in files:
        if _holds_something(folder / name) and name != FILE_NAME:
            raise UsageError(f"{folder / name} is there already", "name another place, or move it away first")
    if file := next((each for each in (folder, *folder.parents) if each.is_file()), None):
        raise UsageError(f"{file} is a file, and no folder for kit.yaml", "name a folder, or a path that ends in .yaml")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".kit-", dir=folder) as beside:
            for name, text in files.items():
                Path(beside, name).write_text(text, encoding="utf-8")
            # The spec comes first in the list and last to its place: where it lies, all that belongs to it does.
            for name in reversed(files):
                Path(beside, name).replace(folder / name)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}", "name another place") from None
    return [folder / name for name in files]


def _holds_something(path: Path) -> bool:
    if path.is_symlink() and not path.exists():
        # A link is a person's, also one that leads nowhere yet.
        return True
    return path.exists() and not (path.is_file() and path.stat().st_size == 0)


def spec_in(place: Path) -> Path:
    """Return the path of kit.yaml: a name without .yaml is a folder's."""
    if place.suffix in (".yaml", ".yml"):
        return place
    if place.suffix in OTHER_FILES and not place.exists():
        raise UsageError(f"{place} is no name for a kit.yaml", f"type: {Line('init', spec=place.with_suffix('.yaml'))}")
    return place / DEFAULT_SPEC
