"""Fields of a model in kit.yaml."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from deploy.fields.carried import ModelText
from deploy.fields.values import ModelName, Name
from deploy.protocols.doors.making import OTHER_NAMES, REFUSED, BuiltIn, Parameters, Requires
from deploy.sources.file.written import FileSource
from deploy.sources.spec import Source
from deploy.spec.presets import PresetName
from deploy.spec.texts import Examples, LongText, Template


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
    """Name by which people and programs ask for it; the engine's own name may have other characters, in `from`."""
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
