"""The first engine and the first model of a new kit.yaml, by the options of `kit init`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import yaml

from deploy.errors import KitError, UsageError, typed
from deploy.fields.engine import EngineSpec
from deploy.fields.service import ServiceSpec
from deploy.protocols.doors.modelfiles import is_path
from deploy.reference import parse_model, plain_model
from deploy.sources.file import KIND as FILE
from deploy.sources.pip.written import TINY
from deploy.sources.spec import line
from deploy.sources.url import KIND as URL
from deploy.spec.model import ENGINES

_TINY_NAME = "gemma"


@dataclass(frozen=True)
class Choices:
    """Options of `kit init`."""

    stack: str = "home"
    gateway: bool = True
    webui: bool = True
    images: str = "build"
    """Source of the images: build or pull."""
    publish: tuple[str, ...] = ("local",)
    engine: str = ""
    """Kind of the engine; if empty, the kind that fits the model."""
    engine_url: str = ""
    """Address of a running engine."""
    model: str = ""
    """Tag of a library; the model's name beside a file."""
    model_file: str = ""
    """Path of a GGUF file."""
    model_url: str = ""
    """Address of a GGUF file."""
    model_sha256: str = ""
    """sha256 of either file."""


@dataclass(frozen=True)
class Part:
    """A line of the file, with the comment above it."""

    text: str
    comment: list[str] = field(default_factory=list)
    name: str = ""
    makes_vectors: bool = False
    """True if the model can embed documents for the web page's search."""


def kinds() -> dict[str, type[EngineSpec]]:
    """Return the engine types by their `kind`."""
    return {str(yaml.safe_load(engine.shortest)["kind"]): engine for engine in ENGINES}


def first_engine(choices: Choices) -> Part:
    """Return the engine's line."""
    text = _text(choices)
    if choices.engine_url:
        return Part(text, ["# The programs that run models. This one runs already."])
    threads = " threads: one below the number of cores." if "threads" in text else ""
    return Part(text, [f"# The programs that run models.{threads}"])


def first_model(choices: Choices) -> Part:
    """Return the model's line."""
    models_are = _models_are(choices)
    comment = ["# The models, each on one engine."]
    if choices.model_file or choices.model_url:
        name, source = choices.model or _TINY_NAME, _file(choices)
    elif models_are == "named":
        name = choices.model.rpartition("/")[2]
        source = "" if name == choices.model else quoted(choices.model)
    elif choices.model and models_are == "created":
        name, source = _checked_tag(choices.model), ""
        comment = [
            "# The models, each on one engine. A library's tag is served under its own name; a model with a preset",
            "# or a system text gets a name of its own: {name: assistant, engine: main, from: TAG, preset: balanced}",
        ]
    elif choices.model and models_are == "opened":
        raise UsageError(
            f"--model: an engine of this kind opens a GGUF file and knows no tag, so {choices.model} is found nowhere",
            "add --gguf FILE or --url ADDRESS.gguf, or leave --engine out",
        )
    else:
        name, source = _TINY_NAME, TINY
        comment = [
            "# The models, each on one engine. This one is tiny: it proves the wiring and says nothing useful.",
            "# For a real one: from: {file: models/mine.gguf, sha256: ...} (sha256sum prints it).",
        ]
    origin = f", from: {source}" if source else ""
    line = f"{{name: {quoted(name)}, engine: main{origin}}}"
    return Part(line, comment, name, makes_vectors=models_are == "opened")


def quoted(text: str) -> str:
    """Return a text as a YAML scalar."""
    plain = text.replace("-", "a").isalnum() and text[:1].isalpha() and text not in ("true", "false", "null")
    return text if plain else json.dumps(text, ensure_ascii=False)


def _file(choices: Choices) -> str:
    key = FILE.key if choices.model_file else URL.key
    return line(key, quoted(choices.model_file or choices.model_url), quoted(choices.model_sha256))


def _checked_tag(tag: str) -> str:
    """Return a tag as kit.yaml has it; refuse anything else."""
    if is_path(tag):
        raise UsageError(f"--model: {tag} is a file and no tag", f"write --gguf {typed(tag)}")
    name = plain_model(tag)
    try:
        parse_model(name)
    except KitError as error:
        raise UsageError(f"--model: {error.problem}", error.next_step) from None
    return name


def _text(choices: Choices) -> str:
    """Return the line of the named engine, or of the first engine that supports the options."""
    url = choices.engine_url
    if choices.engine:
        engine = kinds()[choices.engine]
        if url and not engine.at(url):
            raise UsageError(f"--engine {choices.engine} is started here, and --url is one that runs", "leave one out")
        if not url and not _is_own(engine):
            raise UsageError(f"--engine {choices.engine} needs the address where it runs", "add --url ADDRESS")
        return engine.at(url) if url else engine.shortest
    if url:
        return next(filter(None, (engine.at(url) for engine in ENGINES)))
    is_made = bool(choices.model_url or (choices.model and not choices.model_file))
    fitting = (engine for engine in ENGINES if _is_own(engine))
    return next(engine.shortest for engine in fitting if not is_made or _comes_by(engine, engine.shortest) == "created")


def _models_are(choices: Choices) -> str:
    text = _text(choices)
    return _comes_by(kinds()[str(yaml.safe_load(text)["kind"])], text)


def _comes_by(engine: type[EngineSpec], text: str) -> str:
    # Not validated: a faulty address is told with its option later.
    return engine.model_construct(**yaml.safe_load(text)).models_are


def _is_own(engine: type[EngineSpec]) -> bool:
    return issubclass(engine, ServiceSpec)
