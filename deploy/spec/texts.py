"""Texts that stand in kit.yaml, or in a file that it names; they are read together with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from deploy.errors import SpecError
from deploy.inputs import read_input
from deploy.modelfile.carried import TEXT, ModelText
from deploy.modelfile.examples import read_examples
from deploy.modelfile.messages import Messages
from deploy.modelfile.template import Template as PromptTemplate
from deploy.spec.fields import several, shown

LARGEST = 1024 * 1024
FOLDER = "folder"
"""Key of the validation's context: the folder that relative paths begin at."""
Reader = Callable[[str, str], Any]


def _from_file(read: Reader) -> BeforeValidator:
    def load(value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            # Behind a validator of Python's own, a list is no tuple any more
            return tuple(value) if isinstance(value, list) else value
        name = value.get("file")
        if list(value) != ["file"] or not isinstance(name, str) or not name:
            raise PydanticCustomError("text", "needs the text itself, or {file: PATH} and nothing else", {})
        try:
            return read(name, _content(Path((info.context or {}).get(FOLDER, "."), name), name))
        except SpecError as error:
            raise several([((), str(problem)) for problem in error.problems]) from None

    return BeforeValidator(load)


def _content(path: Path, name: str) -> str:
    try:
        content = read_input(path, LARGEST)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise PydanticCustomError("text", "{name} cannot be read: {why}", {"name": shown(name), "why": why}) from None
    if len(content) > LARGEST:
        raise PydanticCustomError("text", "{name} is larger than 1 MiB", {"name": shown(name)})
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise PydanticCustomError("text", "{name}:{line} is not UTF-8", {"name": shown(name), "line": line}) from None


def _as_it_is(_name: str, text: str) -> str:
    return text


def _examples(name: str, text: str) -> tuple[dict[str, str], ...]:
    return tuple(message.model_dump() for message in read_examples(name, text))


_FILE = {
    "type": "object",
    "properties": {"file": {"type": "string", "minLength": 1}},
    "required": ["file"],
    "additionalProperties": False,
}


def _or_file(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [schema, _FILE]})


_MESSAGE = {
    "type": "object",
    "properties": {"role": {"enum": ["system", "user", "assistant"]}, "content": TEXT},
    "required": ["role", "content"],
    "additionalProperties": False,
}


LongText = Annotated[ModelText, _from_file(_as_it_is), _or_file(TEXT)]
"""The same, or the file that holds it."""
Template = Annotated[PromptTemplate, _from_file(_as_it_is), _or_file(TEXT)]
"""A prompt's template in the engine's language, or the file that holds it."""
Examples = Annotated[
    Messages,
    _from_file(_examples),
    _or_file({"type": "array", "minItems": 1, "items": _MESSAGE}),
]
"""Examples of a conversation, or the file that holds them."""
