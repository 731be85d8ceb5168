"""What `kit init` asks, and the files that it writes."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy.cli.declare import DEFAULT_SPEC
from deploy.cli.output import Output
from deploy.errors import UsageError
from deploy.spec.schema import FILE_NAME
from deploy.spec.starter import Choices, inventory_files, starter_files


def ask_choices(output: Output) -> Choices:
    """Ask for what only a person knows; an empty answer takes the default."""
    default = Choices()
    stack = output.asked(f"Name of the deployment [{default.stack}]:").strip()
    file = output.asked("GGUF file of your model [a tiny one that only proves the wiring]:").strip()
    return with_model(replace(default, stack=stack or default.stack), Path(), Path(file) if file else None)


def files_of(spec: Path, inventory: str | None, choices: Choices, given: dict[str, Any]) -> dict[str, str]:
    """Return what is to be written, by name beside the spec."""
    if inventory and given:
        raise UsageError("--from copies a deployment as it is", "leave the other flags out, and edit the copy")
    files = inventory_files(inventory) if inventory else starter_files(_chosen(spec.parent, choices, given))
    return {spec.name if name == "kit.yaml" else name: text for name, text in files.items()}


def _chosen(folder: Path, choices: Choices, given: dict[str, Any]) -> Choices:
    words = {name: str(given[name]) for name in ("stack", "model", "publish") if name in given}
    chosen = replace(choices, gateway="no_gateway" not in given, webui="no_webui" not in given, **words)
    file = given.get("model_file")
    return with_model(chosen, folder, Path(str(file)) if file else None)


def with_model(choices: Choices, folder: Path, file: Path | None) -> Choices:
    """Add a model's file with its sha256; its path begins at kit.yaml, as everywhere in it."""
    if file is None:
        return choices
    beside = (folder / file).is_file()
    path, written = (folder / file, file) if beside else (file, file.resolve())
    try:
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", "give the path of a GGUF file") from None
    return replace(choices, model_file=str(written), model_sha256=sha256)


def write_new(folder: Path, files: dict[str, str]) -> list[Path]:
    """Write every file, or none where one of a person's would be lost."""
    for name in files:
        if (folder / name).exists() and name != FILE_NAME:
            raise UsageError(f"{folder / name} is there already", "name another place, or move it away first")
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


def spec_in(place: Path) -> Path:
    """Return where kit.yaml shall lie: a name without .yaml is a folder's."""
    return place if place.suffix in (".yaml", ".yml") else place / DEFAULT_SPEC
