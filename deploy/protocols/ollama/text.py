"""The text of a Modelfile for people, which the engine's own reader accepts as well.

An engine's API carries texts that no Modelfile can: such a text stands with a comment about the reader's view of it, or
within the comment where the reader would take the rest of it for instructions.
"""

from __future__ import annotations

from collections.abc import Iterator

from deploy.line_numbers import in_lines
from deploy.printable import described, dropped
from deploy.protocols.ollama.engine_json import number
from deploy.protocols.ollama.grammar import bare, closing_lines, quoted
from deploy.protocols.ollama.modelfile import Modelfile
from deploy.protocols.ollama.parameters import set_values

Line = tuple[str, str, str]
"""An instruction's fixed words, its value as a person wrote it, and the value as it is rendered."""


def render(modelfile: Modelfile) -> str:
    """Return the text."""
    return "".join(part for line in _lines(modelfile) for part in _told(*line))


def _told(instruction: str, value: str, rendered: str) -> Iterator[str]:
    if closed := closing_lines(value):
        what = f"{in_lines(closed)} of the text {'end' if len(closed) > 1 else 'ends'} with three quote marks"
        yield f"# No Modelfile can say this {instruction}: {what}, which close it there. The model has it:\n"
        yield "".join(f"#   {line}\n" for line in value.split("\n"))
        return
    if chars := dict.fromkeys(dropped().findall(value)):
        yield f"# The engine's own reader drops {', '.join(map(described, chars))} here; the model has it:\n"
    yield f"{instruction} {rendered}\n"


def _lines(modelfile: Modelfile) -> Iterator[Line]:
    yield "FROM", modelfile.from_, bare(modelfile.from_)
    if modelfile.projector is not None:
        yield "FROM", modelfile.projector, bare(modelfile.projector)
    if modelfile.adapter is not None:
        yield "ADAPTER", modelfile.adapter, bare(modelfile.adapter)
    for name, value in set_values(modelfile.parameters).items():
        if isinstance(value, list):
            yield from ((f"PARAMETER {name}", each, quoted(each)) for each in value)
        else:
            yield f"PARAMETER {name}", number(value), number(value)
    for instruction, text in (("TEMPLATE", modelfile.template), ("SYSTEM", modelfile.system)):
        if text is not None:
            yield instruction, text, quoted(text)
    for text in modelfile.license:
        yield "LICENSE", text, quoted(text)
    for message in modelfile.messages:
        yield f"MESSAGE {message.role}", message.content, quoted(message.content)
    words = {"RENDERER": modelfile.renderer, "PARSER": modelfile.parser, "REQUIRES": modelfile.requires}
    yield from ((instruction, word, word) for instruction, word in words.items() if word is not None)
