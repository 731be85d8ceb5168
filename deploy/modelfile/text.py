"""The text of a Modelfile, valid to the engine's own reader, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.errors import KitError
from deploy.modelfile.engine_json import number
from deploy.modelfile.grammar import bare, quoted, why_lost
from deploy.modelfile.modelfile import Modelfile
from deploy.modelfile.parameters import set_values

Line = tuple[str, str, str]
"""An instruction with its fixed words, its value as a person wrote it, and the value as it is rendered."""


def render(modelfile: Modelfile) -> str:
    """Return the text; KitError names every value that a Modelfile cannot carry."""
    if lost := losses(modelfile):
        raise KitError("\n".join(f"no Modelfile can carry this: {each}" for each in lost), "mend the text in kit.yaml")
    return "".join(f"{instruction} {rendered}\n" for instruction, _, rendered in _lines(modelfile))


def losses(modelfile: Modelfile) -> tuple[str, ...]:
    """Return, by instruction, why a Modelfile cannot carry a value of this model; nothing where it carries all."""
    return tuple(f"{instruction} {why}" for instruction, value, _ in _lines(modelfile) if (why := why_lost(value)))


def _lines(modelfile: Modelfile) -> Iterator[Line]:
    yield "FROM", modelfile.from_, bare(modelfile.from_)
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
    if modelfile.requires is not None:
        yield "REQUIRES", modelfile.requires, modelfile.requires
