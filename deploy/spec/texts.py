"""Texts in kit.yaml, or in files that it names; both are read together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from deploy.errors import Problem, SpecError
from deploy.fields.carried import LONGEST, TEXT, ModelText
from deploy.fields.messages import Messages
from deploy.line_numbers import also, lines_of
from deploy.protocols.doors.making import Template as PromptTemplate
from deploy.protocols.doors.making import faults
from deploy.reading.document import Document
from deploy.source_files import read_input
from deploy.spec.examples import read_examples
from deploy.strict import CONTROL, IN_FILE, shown
from deploy.text_file import decoded, file_name, with_line_feeds

LARGEST = 1024 * 1024
FOLDER = "folder"
"""Key of the validation's context: the folder of relative paths."""
NAMING_FILES = ("system", "template", "messages")
"""Keys of a model whose text may lie in a file."""
Reader = Callable[[str, str], object]


def line_notes(document: Document) -> Iterator[str]:
    """Yield a note for each text file whose line ends differ from the system's here."""
    models = document.data.get("models") if isinstance(document.data, dict) else None
    named = [model.get(key) for model in models or () if isinstance(model, dict) for key in NAMING_FILES]
    names = (value["file"] for value in named if isinstance(value, dict) and "file" in value)
    # One file may have several spellings, and is told by the first.
    files: dict[Path, tuple[Path, str]] = {}
    for name in names:
        path = Path(document.file).parent / name
        files.setdefault(path.resolve(), (path, name))
    for path, name in files.values():
        if note := with_line_feeds(_content(path, name))[1]:
            yield f"{file_name(path)}: {note}"


def _from_file(read: Reader) -> BeforeValidator:
    def load(value: object, info: ValidationInfo) -> object:
        if not isinstance(value, dict):
            # Behind a validator of Python's own, a list is no tuple any more
            return tuple(value) if isinstance(value, list) else value
        name = value.get("file")
        if list(value) != ["file"] or not isinstance(name, str) or not name:
            raise PydanticCustomError("text", "needs the text itself, or {file: PATH} and nothing else", {})
        path = Path((info.context or {}).get(FOLDER, "."), name)
        try:
            return read(file_name(path), with_line_feeds(_content(path, name))[0])
        except SpecError as error:
            told = "; ".join(str(problem) for problem in error.problems)
            raise PydanticCustomError(IN_FILE, "{told}", {"told": told, "problems": error.problems}) from None

    return BeforeValidator(load)


def _content(path: Path, name: str) -> str:
    try:
        content = read_input(path, LARGEST)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise PydanticCustomError("text", "{name} cannot be read: {why}", {"name": shown(name), "why": why}) from None
    if len(content) > LARGEST:
        raise PydanticCustomError("text", "{name} is larger than 1 MiB", {"name": shown(name)})
    return decoded(file_name(path), content, may_hold_nul=True)


def _plain(file: str, text: str) -> str:
    """Return a text, or each of its faults at its place; one cause is reported once."""
    wrong = []
    if not text or len(text) > LONGEST:
        wrong.append(Problem(file, 0, 0, "", f"must hold 1 to {LONGEST} characters"))
    places_of: dict[str, list[int]] = {}
    for fault in CONTROL.finditer(text):
        places_of.setdefault(fault[0], []).append(fault.start())
    placed = lines_of(text)
    for char, places in places_of.items():
        lines = [placed(place)[0] for place in places]
        message = f"holds the control character {shown(char)}{also(lines)}"
        wrong.append(Problem(file, *placed(places[0]), "", message))
    if wrong:
        raise SpecError(wrong)
    return text


def _template(file: str, text: str) -> str:
    wrong = [Problem(file, fault.lines[0], 1, "", fault.message + also(fault.lines)) for fault in faults(text)]
    try:
        _plain(file, text)
    except SpecError as error:
        wrong = [*error.problems, *wrong] if text else [*error.problems]
    if wrong:
        raise SpecError(wrong)
    return text


def _examples(file: str, text: str) -> tuple[dict[str, str], ...]:
    return tuple(message.model_dump() for message in read_examples(file, text))


_FILE = {
    "type": "object",
    "properties": {"file": {"type": "string", "minLength": 1}},
    "required": ["file"],
    "additionalProperties": False,
}


def _or_file(schema: dict[str, object]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [schema, _FILE]})


_MESSAGE = {
    "type": "object",
    "properties": {"role": {"enum": ["system", "user", "assistant"]}, "content": TEXT},
    "required": ["role", "content"],
    "additionalProperties": False,
}


LongText = Annotated[ModelText, _from_file(_plain), _or_file(TEXT)]
"""A text, or the file that holds it."""
Template = Annotated[PromptTemplate, _from_file(_template), _or_file(TEXT)]
"""A prompt template in the engine's language, or the file that holds it."""
Examples = Annotated[
    Messages,
    _from_file(_examples),
    _or_file({"type": "array", "minItems": 1, "items": _MESSAGE}),
]
"""Examples of a conversation, or the file that holds them."""
