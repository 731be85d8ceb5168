"""Fields of a model in kit.yaml."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from deploy.fields.carried import ModelText
from deploy.fields.values import ModelName, Name, PackageName, Sha256, SourcePath, Url, Version
from deploy.printable import seen
from deploy.protocols.making import OTHER_NAMES, REFUSED, BuiltIn, Parameters, Requires
from deploy.reference import plain_model
from deploy.spec.presets import PresetName
from deploy.spec.texts import Examples, LongText, Template
from deploy.strict import Strict, shown


class PipSource(Strict):
    """A GGUF file inside a Python package."""

    pip: PackageName
    """Name of the package."""
    version: Version
    """Exact version of the package."""
    sha256: Sha256
    """sha256 of the complete GGUF file."""


_PART = re.compile(r".*-[0-9]{5}-of-([0-9]{5})\.gguf", re.IGNORECASE | re.DOTALL)


def _whole(value: str) -> str:
    """Refuse a part of a split model: engines get a single file."""
    part = _PART.fullmatch(urlsplit(value).path if "://" in value else value)
    if part and int(part[1]) > 1:
        wrong = "{value} is one of {parts} parts; join them with `llama-gguf-split --merge` and name the whole file"
        raise PydanticCustomError("file", wrong, {"value": shown(value), "parts": int(part[1])})
    return value


def _of_file(value: str) -> str:
    """Refuse the address of a file's page, as a hub shows it beside the file itself."""
    if "/blob/" in urlsplit(value).path:
        wrong = "{value} is the page about the file; write /resolve/ in the place of /blob/"
        raise PydanticCustomError("url", wrong, {"value": shown(value)})
    return value


FilePath = Annotated[SourcePath, AfterValidator(_whole)]
FileUrl = Annotated[Url, AfterValidator(_of_file), AfterValidator(_whole)]


class FileSource(Strict):
    """A GGUF file on this machine."""

    file: FilePath
    """Path of the file; a relative one begins at kit.yaml."""
    sha256: Sha256
    """sha256 of the file."""


class UrlSource(Strict):
    """A GGUF file at an address."""

    url: FileUrl
    """Address of the file."""
    sha256: Sha256
    """sha256 of the file."""


def _named(value: str) -> str:
    plain = plain_model(value)
    if not plain.strip() or _hidden(plain) or len(plain) > _LONGEST_NAME:
        raise PydanticCustomError("source", "{value} is not a model's name", {"value": shown(value)})
    return plain


def _hidden(text: str) -> bool:
    """Return True if a text has an invisible character; the table is the same on every release of Python."""
    return seen(text) != text or bool(re.search("[\t\n\r]", text))


_LONGEST_NAME = 500
ModelSourceName = Annotated[
    str, AfterValidator(_named), WithJsonSchema({"type": "string", "examples": ["llama3:8b-instruct-q4_K_M"]})
]
_KEYS = (("(pip)", "pip"), ("(file)", "file"), ("(url)", "url"))


def _source_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "(name)"
    given = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return next((tag for tag, key in _KEYS if key in given), None)


Source = Annotated[
    Annotated[ModelSourceName, Tag("(name)")]
    | Annotated[PipSource, Tag("(pip)")]
    | Annotated[FileSource, Tag("(file)")]
    | Annotated[UrlSource, Tag("(url)")],
    Discriminator(
        _source_kind,
        custom_error_type="source",
        custom_error_message=(
            "needs the name of a model, or `pip` (a Python package), `file` (a GGUF file on this machine), `url`"
        ),
    ),
]


class Model(Parameters):
    """A model on one engine; fields beside name, engine and source are for engines that create their models."""

    refused: ClassVar[dict[str, str]] = {
        **REFUSED,
        **{name: f"is called `{here}` here" for name, here in OTHER_NAMES.items()},
        "parameters": "parameters stand beside the name, such as `temperature: 0.2`",
        "projectors": "is called `projector` here, and is one",
        "mmproj": "is called `projector` here",
        "adapters": "is called `adapter` here, and is one",
        "chat_template": "belongs to the engine; for a model that is created write `template`",
    }

    name: ModelName
    """Name by which people and programs ask for it."""
    engine: Name
    """Name of the engine that serves it."""
    from_: Annotated[Source | None, Field(alias="from")] = None
    """A library's tag, another model's name, or a GGUF file: {pip}, {file}, {url}; by default, the tag of its name."""
    preset: PresetName | None = None
    """Parameters for a purpose; values beside it override them."""
    system: LongText | None = None
    """Instructions before every conversation, or {file: PATH} of a text."""
    template: Template | None = None
    """Prompt template in the engine's language, or {file: PATH}; by default, the model's own."""
    renderer: BuiltIn | None = None
    """Part of the engine that makes prompts in a template's place, by its name; by default, the model's own."""
    parser: BuiltIn | None = None
    """Part of the engine that reads thoughts and tool calls in answers, by its name; by default, the model's own."""
    messages: Examples = ()
    """Examples of a conversation: a list of {role, content}, or {file: PATH}: a .txt with [Q] and [A], or a .jsonl."""
    adapter: FileSource | None = None
    """A LoRA adapter as a GGUF file."""
    projector: FileSource | None = None
    """Projector (mmproj) for pictures, as a GGUF file beside a `from` that is a file too."""
    license: ModelText | None = None
    """The model's license."""
    quantize: Literal["F32", "F16", "Q4_K_S", "Q4_K_M", "Q8_0"] | None = None
    """Type to quantise an unquantised model to."""
    requires: Requires | None = None
    """Oldest release of the engine that can run it."""

    @property
    def key(self) -> str:
        """Return the name of its entry in kit.lock."""
        return f"{self.engine}/{self.name}"

    @property
    def source(self) -> Source:
        """Return the source of the model: the written one, or the tag of its name."""
        return self.name if self.from_ is None else self.from_


OWN_SETTINGS = tuple(name for name in Model.model_fields if name not in ("name", "engine", "from_"))
"""Fields that only an engine which creates models supports."""
