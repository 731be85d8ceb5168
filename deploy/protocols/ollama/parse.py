"""An existing Modelfile as a typed value, with the instructions that cannot be carried over, each with its line."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from deploy.errors import Problem, SpecError
from deploy.fields.messages import Message
from deploy.line_numbers import also, lines_of
from deploy.printable import described, dropped
from deploy.protocols.ollama.modelfile import Modelfile, built_in, release
from deploy.protocols.ollama.parameters import NAMES, Parameters, plain_type, refusal
from deploy.protocols.ollama.scan import KNOWN_ARE, TEXTS, Instruction, scan
from deploy.protocols.ollama.spec_lines import is_path
from deploy.protocols.ollama.template import faults
from deploy.protocols.ollama.values import read_value
from deploy.reading.wording import words
from deploy.strict import CONTROL, shown
from deploy.text_file import decoded, with_line_feeds
from deploy.words import did_you_mean

COMMENT = "a '#' begins a comment only at the start of a line"
_DRAFT = "DRAFT has no key in kit.yaml; without it the model answers the same, only slower"
_PLACEHOLDER = re.compile(r"\s*\{\{-?\s*\.Prompt\s*-?\}\}\s*")
_SECOND_FROM = "a second FROM names no file; kit.yaml takes one model, and a projector as a file beside it"
_THIRD_FROM = "a third FROM: kit.yaml takes a model and its projector; name one file that holds the whole model"
_FIRST_ADAPTER = "a second ADAPTER, in line {line}, replaces this one; kit.yaml takes one"


@dataclass(frozen=True)
class Parsed:
    """A Modelfile as far as kit.yaml can say it."""

    modelfile: Modelfile
    left_out: tuple[Problem, ...]
    """Instructions that kit.yaml cannot express, line by line."""
    notes: tuple[Problem, ...]
    """Values that kit.yaml writes in another way, or that the engine's own reader would have dropped."""
    lines: Mapping[str, int]
    """Line of each instruction or parameter, by its name in small letters."""
    message_lines: tuple[int, ...] = ()
    """Line of each message."""


@dataclass
class _Reading:
    file: str
    texts: dict[str, str] = field(default_factory=dict)
    licenses: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    message_lines: list[int] = field(default_factory=list)
    stop_lines: list[int] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    """Faults that make the whole file wrong."""
    left_out: dict[str, list[int]] = field(default_factory=dict)
    """Each cause with its lines."""
    notes: dict[str, list[int]] = field(default_factory=dict)
    has_lost_its_prompt: bool = False
    """True if a renderer is left out."""

    def complain(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.file, line, 1, "", message))

    def leave_out(self, line: int, message: str) -> None:
        self.left_out.setdefault(message, []).append(line)

    def note(self, line: int, message: str) -> None:
        self.notes.setdefault(message, []).append(line)

    def told(self, causes: Mapping[str, list[int]]) -> tuple[Problem, ...]:
        """Return each cause once, at the first of its lines."""
        return tuple(
            sorted(Problem(self.file, min(lines), 1, "", cause + also(lines)) for cause, lines in causes.items())
        )


def parse(file: str, content: bytes) -> Parsed:
    """Return the values of a Modelfile by its name and bytes; SpecError if it names no model or cannot be read."""
    reading = _Reading(file)
    text, note = with_line_feeds(_decoded(file, content))
    if note:
        reading.note(1, note)
    instructions, reading.problems = scan(file, text)
    for instruction in instructions:
        _TAKERS.get(instruction.name, _take_text)(reading, _carried(reading, instruction))
        reading.lines.setdefault(instruction.name, instruction.line)
    if not instructions and reading.problems and all(KNOWN_ARE in problem.message for problem in reading.problems):
        told = "is no Modelfile: no line begins with an instruction such as FROM"
        raise SpecError([Problem(file, 0, 0, "", told)], "give the path of a Modelfile")
    parameters = _typed(reading)
    _leave_placeholder(reading)
    if not reading.problems and "from" not in reading.texts:
        reading.complain(1, "has no FROM line, so it names no model")
    if reading.problems:
        raise SpecError([*reading.problems, *reading.told(reading.left_out)])
    left_out, notes = reading.told(reading.left_out), reading.told(reading.notes)
    return Parsed(_modelfile(reading, parameters), left_out, notes, reading.lines, tuple(reading.message_lines))


def _leave_placeholder(reading: _Reading) -> None:
    """Leave out a template that is only a placeholder of a renderer that is left out."""
    if reading.has_lost_its_prompt and _PLACEHOLDER.fullmatch(reading.texts.get("template", "")):
        del reading.texts["template"]
        reading.leave_out(
            reading.lines["template"], "TEMPLATE is only a placeholder for the RENDERER, which is left out"
        )


def _carried(reading: _Reading, given: Instruction) -> Instruction:
    """Return an instruction as kit.yaml carries it: a text keeps every character that a text may hold."""
    is_text = given.name in TEXTS or given.word == "stop" or is_path(given.value)
    placed = lines_of(given.value)
    for place in dropped().finditer(given.value):
        char = place[0]
        line = given.line + placed(place.start())[0] - 1
        if CONTROL.match(char):
            reading.leave_out(line, f"{described(char)}: a control character that no text may hold; it is removed")
        elif is_text:
            reading.note(line, f"{described(char)}: the engine's own reader drops it; kit.yaml carries it")
        else:
            reading.note(line, f"{described(char)} is dropped, as by the engine's own reader")
    return replace(given, value=CONTROL.sub("", given.value) if is_text else given.seen)


def _modelfile(reading: _Reading, parameters: Parameters) -> Modelfile:
    return Modelfile(
        from_=reading.texts["from"],
        adapter=reading.texts.get("adapter"),
        projector=reading.texts.get("projector"),
        parameters=parameters,
        template=reading.texts.get("template"),
        renderer=reading.texts.get("renderer"),
        parser=reading.texts.get("parser"),
        system=reading.texts.get("system"),
        license=tuple(reading.licenses),
        messages=tuple(reading.messages),
        requires=reading.texts.get("requires"),
    )


def _decoded(file: str, content: bytes) -> str:
    """Return a Modelfile's text: the engine's own reader accepts UTF-16 with a byte order mark, too."""
    marks = ((BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))
    mark, encoding = next((pair for pair in marks if content.startswith(pair[0])), (b"", ""))
    try:
        return content[len(mark) :].decode(encoding) if mark else decoded(file, content, may_hold_nul=True)
    except UnicodeDecodeError:
        raise SpecError([Problem(file, 1, 1, "", "is not whole UTF-16; save it as UTF-8")]) from None


def _take_text(reading: _Reading, given: Instruction) -> None:
    if given.name == "draft":
        reading.leave_out(given.line, _DRAFT)
    elif given.name == "from" and "from" in reading.texts:
        _take_projector(reading, given)
    elif not given.value:
        _take_nothing(reading, given)
    elif given.name == "template" and (wrong := faults(given.value)):
        for fault in wrong:
            for line in fault.lines:
                reading.leave_out(given.line + line - 1, f"TEMPLATE: {fault.message}")
    else:
        if given.name == "adapter" and "adapter" in reading.texts:
            reading.leave_out(reading.lines["adapter"], _FIRST_ADAPTER.format(line=given.line))
        reading.texts[given.name] = given.value
        reading.lines[given.name] = given.line


def _take_projector(reading: _Reading, given: Instruction) -> None:
    """Take a second file; its header says later if it is a projector."""
    if "projector" in reading.texts or not is_path(given.value):
        reading.leave_out(given.line, _THIRD_FROM if "projector" in reading.texts else _SECOND_FROM)
        return
    reading.texts["projector"] = given.value
    reading.lines["projector"] = given.line


def _take_nothing(reading: _Reading, given: Instruction) -> None:
    if given.name == "from":
        reading.complain(given.line, "FROM has no value")
    elif given.name == "adapter":
        reading.leave_out(given.line, "ADAPTER has no value; write the path of a GGUF file")


def _take_license(reading: _Reading, given: Instruction) -> None:
    if given.value:
        reading.licenses.append(given.value)


def _take_message(reading: _Reading, given: Instruction) -> None:
    try:
        reading.messages.append(Message.model_validate({"role": given.word, "content": given.value}))
        reading.message_lines.append(given.line)
    except ValidationError as error:
        reading.leave_out(given.line, f"MESSAGE {given.word}: {error.errors()[0]['msg']}")


def _take_requires(reading: _Reading, given: Instruction) -> None:
    try:
        reading.texts["requires"] = release(given.value)
    except PydanticCustomError as error:
        reading.leave_out(given.line, f"REQUIRES: {error.message()}")


def _take_built_in(reading: _Reading, given: Instruction) -> None:
    if not given.value:
        return
    try:
        reading.texts[given.name] = built_in(given.value)
    except PydanticCustomError as error:
        reading.leave_out(given.line, f"{given.name.upper()}: {error.message()}")
        reading.has_lost_its_prompt |= given.name == "renderer"


def _take_parameter(reading: _Reading, given: Instruction) -> None:
    name, text = given.word, given.value
    if name not in NAMES:
        reading.leave_out(given.line, f"{name} {refusal(name) or f'is not a parameter{did_you_mean(name, NAMES)}'}")
        return
    reading.lines[name] = given.line
    if name == "stop":
        reading.parameters.setdefault(name, []).append(text)
        reading.stop_lines.append(given.line)
        return
    value, form = read_value(plain_type(name), text)
    if value is None:
        comment = f"; {COMMENT}" if "#" in text else ""
        reading.leave_out(given.line, f"{name}: {shown(text)} is not {form}{comment}")
    else:
        reading.parameters[name] = value


_TAKERS: dict[str, Callable[[_Reading, Instruction], None]] = {
    "license": _take_license,
    "message": _take_message,
    "requires": _take_requires,
    "parameter": _take_parameter,
    "renderer": _take_built_in,
    "parser": _take_built_in,
}


def _typed(reading: _Reading) -> Parameters:
    """Return the parameters that kit.yaml accepts."""
    while True:
        try:
            return Parameters.model_validate_json(json.dumps(reading.parameters))
        except ValidationError as error:
            # From behind, so that what is left keeps its place
            for each in reversed(error.errors(include_url=False)):
                if each["type"] == "too_short" and each["input"]:
                    continue  # an echo of the fault of its entry
                path = tuple(each["loc"])
                line, wrong = _line(reading, path), words(each, path, Parameters, reading.parameters)
                reading.leave_out(line, f"{path[0]}: {wrong}")
                _drop(reading, path)


def _line(reading: _Reading, path: tuple[int | str, ...]) -> int:
    return reading.stop_lines[int(path[1])] if len(path) > 1 else reading.lines[str(path[0])]


def _drop(reading: _Reading, path: tuple[int | str, ...]) -> None:
    name = str(path[0])
    if len(path) > 1:
        del reading.parameters[name][int(path[1])], reading.stop_lines[int(path[1])]
    if len(path) == 1 or not reading.parameters[name]:
        reading.parameters.pop(name, None)
