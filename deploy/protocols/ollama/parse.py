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
class _Found:
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
    found = _Found(file)
    text, note = with_line_feeds(_decoded(file, content))
    if note:
        found.note(1, note)
    instructions, found.problems = scan(file, text)
    for instruction in instructions:
        _TAKERS.get(instruction.name, _take_text)(found, _carried(found, instruction))
        found.lines.setdefault(instruction.name, instruction.line)
    if not instructions and found.problems and all(KNOWN_ARE in problem.message for problem in found.problems):
        told = "is no Modelfile: no line begins with an instruction such as FROM"
        raise SpecError([Problem(file, 0, 0, "", told)], "give the path of a Modelfile")
    parameters = _typed(found)
    _leave_placeholder(found)
    if not found.problems and "from" not in found.texts:
        found.complain(1, "has no FROM line, so it names no model")
    if found.problems:
        raise SpecError([*found.problems, *found.told(found.left_out)])
    left_out, notes = found.told(found.left_out), found.told(found.notes)
    return Parsed(_modelfile(found, parameters), left_out, notes, found.lines, tuple(found.message_lines))


def _leave_placeholder(found: _Found) -> None:
    """Leave out a template that is only a placeholder of a renderer that is left out."""
    if found.has_lost_its_prompt and _PLACEHOLDER.fullmatch(found.texts.get("template", "")):
        del found.texts["template"]
        found.leave_out(found.lines["template"], "TEMPLATE is only a placeholder for the RENDERER, which is left out")


def _carried(found: _Found, given: Instruction) -> Instruction:
    """Return an instruction as kit.yaml carries it: a text keeps every character that a text may hold."""
    is_text = given.name in TEXTS or given.word == "stop" or is_path(given.value)
    placed = lines_of(given.value)
    for place in dropped().finditer(given.value):
        char = place[0]
        line = given.line + placed(place.start())[0] - 1
        if CONTROL.match(char):
            found.leave_out(line, f"{described(char)}: a control character that no text may hold; it is removed")
        elif is_text:
            found.note(line, f"{described(char)}: the engine's own reader drops it; kit.yaml carries it")
        else:
            found.note(line, f"{described(char)} is dropped, as by the engine's own reader")
    return replace(given, value=CONTROL.sub("", given.value) if is_text else given.seen)


def _modelfile(found: _Found, parameters: Parameters) -> Modelfile:
    return Modelfile(
        from_=found.texts["from"],
        adapter=found.texts.get("adapter"),
        projector=found.texts.get("projector"),
        parameters=parameters,
        template=found.texts.get("template"),
        renderer=found.texts.get("renderer"),
        parser=found.texts.get("parser"),
        system=found.texts.get("system"),
        license=tuple(found.licenses),
        messages=tuple(found.messages),
        requires=found.texts.get("requires"),
    )


def _decoded(file: str, content: bytes) -> str:
    """Return a Modelfile's text: the engine's own reader accepts UTF-16 with a byte order mark, too."""
    marks = ((BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))
    mark, encoding = next((pair for pair in marks if content.startswith(pair[0])), (b"", ""))
    try:
        return content[len(mark) :].decode(encoding) if mark else decoded(file, content, may_hold_nul=True)
    except UnicodeDecodeError:
        raise SpecError([Problem(file, 1, 1, "", "is not whole UTF-16; save it as UTF-8")]) from None


def _take_text(found: _Found, given: Instruction) -> None:
    if given.name == "draft":
        found.leave_out(given.line, _DRAFT)
    elif given.name == "from" and "from" in found.texts:
        _take_projector(found, given)
    elif not given.value:
        _take_nothing(found, given)
    elif given.name == "template" and (wrong := faults(given.value)):
        for fault in wrong:
            for line in fault.lines:
                found.leave_out(given.line + line - 1, f"TEMPLATE: {fault.message}")
    else:
        if given.name == "adapter" and "adapter" in found.texts:
            found.leave_out(found.lines["adapter"], _FIRST_ADAPTER.format(line=given.line))
        found.texts[given.name] = given.value
        found.lines[given.name] = given.line


def _take_projector(found: _Found, given: Instruction) -> None:
    """Take a second file; its header says later if it is a projector."""
    if "projector" in found.texts or not is_path(given.value):
        found.leave_out(given.line, _THIRD_FROM if "projector" in found.texts else _SECOND_FROM)
        return
    found.texts["projector"] = given.value
    found.lines["projector"] = given.line


def _take_nothing(found: _Found, given: Instruction) -> None:
    if given.name == "from":
        found.complain(given.line, "FROM has no value")
    elif given.name == "adapter":
        found.leave_out(given.line, "ADAPTER has no value; write the path of a GGUF file")


def _take_license(found: _Found, given: Instruction) -> None:
    if given.value:
        found.licenses.append(given.value)


def _take_message(found: _Found, given: Instruction) -> None:
    try:
        found.messages.append(Message.model_validate({"role": given.word, "content": given.value}))
        found.message_lines.append(given.line)
    except ValidationError as error:
        found.leave_out(given.line, f"MESSAGE {given.word}: {error.errors()[0]['msg']}")


def _take_requires(found: _Found, given: Instruction) -> None:
    try:
        found.texts["requires"] = release(given.value)
    except PydanticCustomError as error:
        found.leave_out(given.line, f"REQUIRES: {error.message()}")


def _take_built_in(found: _Found, given: Instruction) -> None:
    if not given.value:
        return
    try:
        found.texts[given.name] = built_in(given.value)
    except PydanticCustomError as error:
        found.leave_out(given.line, f"{given.name.upper()}: {error.message()}")
        found.has_lost_its_prompt |= given.name == "renderer"


def _take_parameter(found: _Found, given: Instruction) -> None:
    name, text = given.word, given.value
    if name not in NAMES:
        found.leave_out(given.line, f"{name} {refusal(name) or f'is not a parameter{did_you_mean(name, NAMES)}'}")
        return
    found.lines[name] = given.line
    if name == "stop":
        found.parameters.setdefault(name, []).append(text)
        found.stop_lines.append(given.line)
        return
    value, form = read_value(plain_type(name), text)
    if value is None:
        comment = f"; {COMMENT}" if "#" in text else ""
        found.leave_out(given.line, f"{name}: {shown(text)} is not {form}{comment}")
    else:
        found.parameters[name] = value


_TAKERS: dict[str, Callable[[_Found, Instruction], None]] = {
    "license": _take_license,
    "message": _take_message,
    "requires": _take_requires,
    "parameter": _take_parameter,
    "renderer": _take_built_in,
    "parser": _take_built_in,
}


def _typed(found: _Found) -> Parameters:
    """Return the parameters that kit.yaml accepts."""
    while True:
        try:
            return Parameters.model_validate_json(json.dumps(found.parameters))
        except ValidationError as error:
            # From behind, so that what is left keeps its place
            for each in reversed(error.errors(include_url=False)):
                if each["type"] == "too_short" and each["input"]:
                    continue  # an echo of the fault of its entry
                path = tuple(each["loc"])
                line, wrong = _line(found, path), words(each, path, Parameters, found.parameters)
                found.leave_out(line, f"{path[0]}: {wrong}")
                _drop(found, path)


def _line(found: _Found, path: tuple[int | str, ...]) -> int:
    return found.stop_lines[int(path[1])] if len(path) > 1 else found.lines[str(path[0])]


def _drop(found: _Found, path: tuple[int | str, ...]) -> None:
    name = str(path[0])
    if len(path) > 1:
        del found.parameters[name][int(path[1])], found.stop_lines[int(path[1])]
    if len(path) == 1 or not found.parameters[name]:
        found.parameters.pop(name, None)
