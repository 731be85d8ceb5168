"""The first kit.yaml of a new deployment, with a comment about each part."""

from __future__ import annotations

from pathlib import Path

from deploy.agent.kit_folders import BACKUPS
from deploy.assets import inventories_dir
from deploy.errors import Problem, SpecError, UsageError
from deploy.reading.tree import parse_document
from deploy.spec.loading.loader import read_spec
from deploy.spec.model import GATEWAYS, WEBUIS
from deploy.spec.told.first import Choices, Part, first_engine, first_model, quoted
from deploy.spec.told.schema import FILE_NAME, MODELINE, schema_text
from deploy.stack import DATA_FOLDER, KIT_FOLDER
from deploy.words import did_you_mean

_SPEC = "kit.yaml"
_OPTIONS = (
    ("stack", "--stack"),
    ("images", "--images"),
    ("publish", "--publish"),
    ("url", "--url"),
    ("sha256", "--sha256"),
    ("file", "--gguf"),
    ("engines", "--engine"),
    ("models", "--model"),
    ("embedding", "--model"),
)
"""Option behind the value of a field; the first match counts."""


def starter(choices: Choices) -> str:
    """Return the text of a commented kit.yaml."""
    engine, model = first_engine(choices), first_model(choices)
    return "\n".join(
        [
            MODELINE,
            "# What this machine shall run. `kit check` reads it, `kit lock` pins it, `kit apply` makes it so.",
            "kit: 1",
            "",
            f"# Names the folders ({KIT_FOLDER}/..., {DATA_FOLDER}/...), the containers and the compose project.",
            f"stack: {quoted(choices.stack)}",
            "",
            *_images(choices),
            "",
            *engine.comment,
            "engines:",
            f"  - {engine.text}",
            "",
            *model.comment,
            "models:",
            f"  - {model.text}",
            "",
            *_gateway(choices),
            *_webui(choices, model),
            "# Daily and encrypted, with a key of this machine: `secret show backup_key`. Keep a copy of it elsewhere.",
            f"# It goes to {BACKUPS}/..., beside the data: `repository: /mnt/disk2/kit` names another. null for none.",
            'backup: {daily_at: "02:00"}',
            "",
        ]
    )


def starter_files(choices: Choices) -> dict[str, str]:
    """Return the files of `kit init`, by name: kit.yaml and the schema that its first line names.

    A choice that no kit.yaml may hold is a UsageError that names the option, before anything is written.
    """
    text = starter(choices)
    try:
        read_spec(parse_document(text, _SPEC, ""))
    except SpecError as error:
        # The file's lines were never written: the person knows the options alone.
        told = dict.fromkeys(f"{_option_of(problem)}: {problem.message}" for problem in error.problems)
        raise UsageError("\n".join(told), "nothing was written") from None
    return {_SPEC: text, FILE_NAME: schema_text()}


def inventory_files(name: str) -> dict[str, str]:
    """Return the files of `kit init --from NAME`: a shipped deployment with all files beside it, and the schema."""
    known = inventories()
    if name not in known:
        raise UsageError(f"no deployment called {name} is shipped{did_you_mean(name, known)}", _list(known))
    folder = inventories_dir() / name
    files = {_SPEC: f"{MODELINE}\n{(folder / _SPEC).read_text(encoding='utf-8')}", FILE_NAME: schema_text()}
    beside = sorted(path for path in folder.iterdir() if path.is_file() and path.name != _SPEC)
    return files | {path.name: path.read_text(encoding="utf-8") for path in beside}


def inventories() -> tuple[str, ...]:
    """Return the names of the shipped deployments."""
    return tuple(sorted(path.parent.name for path in Path(inventories_dir()).glob(f"*/{_SPEC}")))


def _list(known: tuple[str, ...]) -> str:
    return f"choose one of: {', '.join(known)}"


def _option_of(problem: Problem) -> str:
    """Return the option behind a field of the starter."""
    for field, option in _OPTIONS:
        if field in problem.path:
            return option
    return problem.path


def _images(choices: Choices) -> list[str]:
    if choices.images == "pull":
        return ["# Images are the official ones, pulled by the digests in kit.lock.", "images: {source: pull}"]
    return [
        "# Images are assembled on this machine from Debian packages and Python wheels.",
        f"images: {{source: {quoted(choices.images)}, debian: moving}}",
    ]


def _gateway(choices: Choices) -> list[str]:
    comment = "# One address and one key in front of all engines; null for none."
    kind = GATEWAYS[0].shortest
    return [comment, f"gateway: {_published(kind, choices) if choices.gateway else 'null'}", ""]


def _webui(choices: Choices, model: Part) -> list[str]:
    comment = [
        "# The web page for people; embedding names the model that makes documents searchable. null for none.",
        "# People who come through a host name, a tunnel or a TLS proxy need it named: url: https://chat.example.org",
    ]
    embedding = f", embedding: {quoted(model.name)}" if model.makes_vectors else ""
    kind = f"{WEBUIS[0].shortest[:-1]}{embedding}}}"
    return [*comment, f"webui: {_published(kind, choices) if choices.webui else 'null'}", ""]


def _published(written: str, choices: Choices) -> str:
    if choices.publish == ("local",):
        return written
    places = ", ".join(quoted(place) for place in choices.publish)
    return f"{written[:-1]}, publish: {places if len(choices.publish) == 1 else f'[{places}]'}}}"
