"""`kit import modelfile`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deploy.apply.event import Event
from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.cli.verbs.declare import DEFAULT_SPEC, GivenPath, verb, verb_group
from deploy.errors import FAILED, KitError, UsageError
from deploy.spec.told.imported import imported, name_of, place_of

if TYPE_CHECKING:
    from deploy.spec.model import Spec

ENGINE = "main"


@verb_group("import", "import modelfile Modelfile", "import modelfile EnglishTeacher.Modelfile --engine main")
def command() -> None:
    """Turn files of other programs into lines of kit.yaml."""


@verb("modelfile", "import modelfile Modelfile", "import modelfile EnglishTeacher.Modelfile --name teacher")
@click.argument("file", metavar="FILE", type=GivenPath(path_type=Path, readable=False))
@click.option("--name", metavar="N", help="Name of the model.  [default: the file's, or its folder's]")
@click.option("--engine", metavar="E", help="Name of its engine.  [default: the first that makes models, or main]")
def modelfile(output: Output, file: Path, name: str | None, engine: str | None) -> int:
    """Print the lines of kit.yaml that make the model of a Modelfile.

    The lines go under `models:`, with the indentation of the kit.yaml in the current folder. Their paths are
    relative to that folder. A GGUF file that FROM or ADAPTER names is read once for its sha256. Instructions that
    kit.yaml has no key for are left out and listed with their line; the exit code is then 1. A Modelfile that names
    no model, or that breaks the grammar, is refused. `-` reads the standard input, as if it were a file of the
    current folder.
    """
    import yaml

    from deploy.fields.values import ModelName, Name

    for option, value, kind in (("--name", name, ModelName), ("--engine", engine, Name)):
        _ensure(option, value, kind)
    spec = _spec_here()
    chosen = engine or _engine(spec)
    with progress() as display:
        step = f"sha256 of the files of {place_of(file)}"

        def heard(what: str, done: int, size: int) -> None:
            display(Event(step, "progress", what, done, size, host=""))

        lines = imported(file, name, chosen, Path.cwd(), heard, spec)
        display(Event(step, "done", host=""))
    document = {"name": name or name_of(file), "engine": chosen, "models": yaml.safe_load(lines.lines)}
    told = {"left_out": list(map(asdict, lines.left_out)), "notes": list(map(asdict, lines.notes))}
    output.answer(_as_deep(lines.lines).rstrip("\n"), {**document, **told})
    for note in lines.notes:
        output.note(f"note: {note}")
    for problem in lines.left_out:
        output.note(f"left out: {problem}")
    return FAILED if lines.left_out else 0


def _ensure(option: str, value: str | None, kind: Any) -> None:
    """Refuse what kit.yaml would refuse."""
    from pydantic import TypeAdapter, ValidationError

    try:
        TypeAdapter(kind | None).validate_python(value)
    except ValidationError as error:
        raise UsageError(f"{option}: {error.errors()[0]['msg']}", "choose another") from None


def _spec_here() -> Spec | None:
    """Return the kit.yaml of the current folder; None without a valid one."""
    from deploy.spec.loading.loader import load_spec

    try:
        return load_spec(DEFAULT_SPEC)
    except KitError:
        return None


def _engine(spec: Spec | None) -> str:
    """Return the first engine of a kit.yaml that makes models; None without one."""
    engines = spec.engines if spec else ()
    return next((engine.name for engine in engines if engine.models_are == "created"), ENGINE)


def _as_deep(lines: str) -> str:
    """Return the lines with the indentation of the models in this kit.yaml: items of a YAML list share one."""
    depth = _depth()
    return "\n".join(depth + line if line else "" for line in lines.split("\n"))


def _depth() -> str:
    from deploy.reading.tree import parse_document
    from deploy.spec.loading.loader import LARGEST
    from deploy.text_file import read_text

    try:
        text = read_text(DEFAULT_SPEC, LARGEST, "")
        line, _ = parse_document(text, str(DEFAULT_SPEC), "").values.get(("models", 0), (0, 0))
    except KitError:
        return ""
    entry = text.split("\n")[line - 1] if line else ""
    blanks = entry[: len(entry) - len(entry.lstrip(" "))]
    return blanks if entry.startswith(f"{blanks}- ") else ""


command.add_command(modelfile)
