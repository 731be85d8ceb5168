"""An existing Modelfile as a typed value; every problem with its line."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from deploy.errors import Problem, SpecError
from deploy.modelfile.messages import Message, disorder
from deploy.modelfile.modelfile import Modelfile, release
from deploy.modelfile.parameters import NAMES, Parameters, plain_type, refusal
from deploy.modelfile.scan import Instruction, scan
from deploy.modelfile.template import faults
from deploy.spec.fields import shown
from deploy.spec.wording import did_you_mean, words

_WHOLE = re.compile(r"[+-]?[0-9]+")
_TRUTH = {"1": True, "0": False} | {
    form: value for word, value in (("true", True), ("false", False)) for form in (word, word.upper(), word.title())
}
_TRUTH |= {"t": True, "T": True, "f": False, "F": False}
_CHOSEN_BY_ENGINE = "has no key in kit.yaml; take the line out, the engine knows it from the model's file"
_ELSEWHERE = {
    "renderer": _CHOSEN_BY_ENGINE,
    "parser": _CHOSEN_BY_ENGINE,
    "draft": "has no key in kit.yaml; take the line out, the model answers the same, only slower",
}
_ONCE = {
    "from": "a second FROM (a projector or a shard) has no key in kit.yaml; take the line out",
    "adapter": "a second ADAPTER replaces the first one; keep one of them",
}


@dataclass
class _Found:
    file: str
    texts: dict[str, str] = field(default_factory=dict)
    licenses: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    message_lines: list[int] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def complain(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.file, line, 1, "", message))


def parse(file: str, content: bytes) -> Modelfile:
    """Return the values of a Modelfile by its name and bytes; SpecError carries every problem with its line."""
    found = _Found(file)
    for instruction in scan(file, _decoded(file, content)):
        _TAKERS.get(instruction.name, _take_text)(found, instruction)
    parameters = _typed(found)
    if "from" not in found.texts:
        found.complain(1, "has no FROM line, so it names no model")
    if not found.problems and (out_of_turn := disorder([message.role for message in found.messages])):
        found.complain(found.message_lines[out_of_turn[0]], f"MESSAGE is {out_of_turn[1]}")
    if found.problems:
        raise SpecError(found.problems)
    return Modelfile(
        from_=found.texts["from"],
        adapter=found.texts.get("adapter"),
        parameters=parameters,
        template=found.texts.get("template"),
        system=found.texts.get("system"),
        license=tuple(found.licenses),
        messages=tuple(found.messages),
        requires=found.texts.get("requires"),
    )


def _decoded(file: str, content: bytes) -> str:
    marks = ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"), (b"", "utf-8"))
    mark, encoding = next(pair for pair in marks if content.startswith(pair[0]))
    try:
        return content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SpecError(
            [Problem(file, line, 1, "", f"is not {encoding.upper()} from here on; save it as UTF-8")]
        ) from None


def _take_text(found: _Found, given: Instruction) -> None:
    if given.name in _ELSEWHERE:
        found.complain(given.line, f"{given.name.upper()} {_ELSEWHERE[given.name]}")
    elif given.name in found.texts and given.name in _ONCE:
        found.complain(given.line, _ONCE[given.name])
    elif given.value:
        found.texts[given.name] = given.value
        if given.name == "template":
            for fault in faults(given.value):
                found.complain(given.line + fault.line - 1, f"TEMPLATE: {fault.message}")
    elif given.name in ("from", "adapter", "requires"):
        found.complain(given.line, f"{given.name.upper()} has no value")


def _take_license(found: _Found, given: Instruction) -> None:
    if given.value:
        found.licenses.append(given.value)


def _take_message(found: _Found, given: Instruction) -> None:
    try:
        found.messages.append(Message.model_validate({"role": given.word, "content": given.value}))
        found.message_lines.append(given.line)
    except ValidationError as error:
        found.complain(given.line, f"MESSAGE {given.word}: {error.errors()[0]['msg']}")


def _take_requires(found: _Found, given: Instruction) -> None:
    try:
        found.texts["requires"] = release(given.value)
    except PydanticCustomError as error:
        found.complain(given.line, f"REQUIRES: {error.message()}")


def _take_parameter(found: _Found, given: Instruction) -> None:
    name, text = given.word, given.value
    if name not in NAMES:
        found.complain(given.line, f"{name} {refusal(name) or f'is not a parameter{did_you_mean(name, NAMES)}'}")
        return
    found.lines[name] = given.line
    if name == "stop":
        found.parameters.setdefault(name, []).append(text)
        return
    read, form = _READ[plain_type(name)]
    value = read(text)
    if value is None:
        comment = "; a '#' begins a comment only at the start of a line" if "#" in text else ""
        found.complain(given.line, f"{name}: {shown(text)} is not {form}{comment}")
    else:
        found.parameters[name] = value


def _real(text: str) -> float | None:
    try:
        return float(text) if text.strip() == text and "_" not in text else None
    except ValueError:
        return None


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) and len(text) < 19 else None


_READ: dict[Any, tuple[Callable[[str], Any], str]] = {
    bool: (_TRUTH.get, "true or false"),
    float: (_real, "a number"),
    int: (_whole, "a whole number"),
}
_TAKERS: dict[str, Callable[[_Found, Instruction], None]] = {
    "license": _take_license,
    "message": _take_message,
    "requires": _take_requires,
    "parameter": _take_parameter,
}


def _typed(found: _Found) -> Parameters:
    try:
        return Parameters.model_validate_json(json.dumps(found.parameters))
    except ValidationError as error:
        for each in error.errors(include_url=False):
            if each["type"] == "too_short" and each["input"]:
                continue  # an echo of the fault of its entry
            path, line = tuple(each["loc"]), found.lines[str(each["loc"][0])]
            found.complain(line, f"{path[0]}: {words(each, path, Parameters, found.parameters)}")
        return Parameters()
