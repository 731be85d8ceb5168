"""Log lines of a llama-server about the layers of its model that lie on cards."""

from __future__ import annotations

import re
from typing import NamedTuple

_OFFLOADED = re.compile(r"offloaded (\d+)/(\d+) layers to GPU")


class Layers(NamedTuple):
    """Layers of a model on cards, and all of them."""

    on_cards: int
    whole: int


def offloaded(log: str) -> Layers | None:
    """Return the layers at the last start; None if the log does not tell."""
    told = _OFFLOADED.findall(log)
    return Layers(*map(int, told[-1])) if told else None
