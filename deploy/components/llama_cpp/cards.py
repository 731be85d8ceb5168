"""Log lines of a llama-server about the layers of its model that lie on cards."""

from __future__ import annotations

import re
from typing import NamedTuple

_OFFLOADED = re.compile(r"offloaded (\d+)/(\d+) layers to GPU")
_OVERFLOWING = re.compile(r"layers \( *(\d+) overflowing\)")


class Layers(NamedTuple):
    """Layers of a model on cards, and all of them."""

    on_cards: int
    whole: int
    overflowing: int = 0
    """Layers on cards without the weights of their experts, which the CPU keeps."""

    @property
    def share(self) -> float:
        """Return the share of the layers on cards, less than all of them if one lacks its experts."""
        return (self.on_cards - bool(self.overflowing)) / self.whole


def offloaded(log: str) -> Layers | None:
    """Return the layers at the last start; None if the log does not tell."""
    told = list(_OFFLOADED.finditer(log))
    if not told:
        return None
    # The program fits the model to its cards, tells the result card by card, and loads it then.
    before = log[told[-2].end() if len(told) > 1 else 0 : told[-1].start()]
    return Layers(int(told[-1][1]), int(told[-1][2]), sum(map(int, _OVERFLOWING.findall(before))))
