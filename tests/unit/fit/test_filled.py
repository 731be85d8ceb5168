"""An engine that fills its cards as the rule says is never below the share that is sure."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from deploy.deployment.memory import CardLoad, ModelMemory
from deploy.fit.cards import MARGIN, SeenCard
from deploy.fit.memory import GIB, Need, need_of
from deploy.fit.share import Share, predicted
from tests.unit.fit.shapes import BY_ENGINE, shape

DESKTOPS = (0, 1, 2, 3)
"""GiB that the programs of a desktop hold of each card."""
SETTINGS = tuple(product((2048, 32_768, 131_072), (512, 2048, 8192)))
"""Context, and tokens that are read at once."""


def filled(need: Need, cards: list[int]) -> int:
    """Return the layers that lie on cards with this much free memory, each with the largest buffers."""
    rooms = [max(card - MARGIN - need.buffers.most, 0) for card in cards]
    rooms[-1] = max(rooms[-1] - need.vocabulary.most, 0)
    return min(sum(room // need.layer.most for room in rooms), need.layers + 1)


def predicted_for(name: str, sizes: tuple[int, ...], **settings: Any) -> tuple[Share, Need]:
    """Return the share of a model on cards with this many GiB, and its need."""
    memory = ModelMemory(name, shape(name), **BY_ENGINE, **settings)
    cards = [SeenCard("nvidia", f"GPU-{number}", size * GIB) for number, size in enumerate(sizes)]
    share = predicted("main", name, {"main": CardLoad("nvidia", (), (memory,))}, cards)
    assert isinstance(share, Share)
    return share, need_of(memory, shape(name), sum(sizes) * GIB, len(sizes))


@pytest.mark.parametrize("sizes", [(8,), (12,), (16,), (24,), (48,), (8, 8), (12, 24), (24, 24)])
@pytest.mark.parametrize("name", ["gemma3", "llama 3B", "llama 70B", "qwen3 32B"])
def test_no_filled_card_is_below_the_layers_that_are_sure(name: str, sizes: tuple[int, ...]) -> None:
    for (tokens, batch), desktop in product(SETTINGS, DESKTOPS):
        share, need = predicted_for(name, sizes, tokens=tokens, batch=batch)
        free = [int(size * GIB * 0.95) - desktop * GIB for size in sizes]
        whole = need.on_card + need.buffers.times(len(sizes) - 1)
        layers = filled(need, free) if whole.most > sum(free) - MARGIN * len(sizes) else need.layers + 1
        assert share.sure_layers <= layers / (need.layers + 1)
        assert share.sure <= share.least
        assert (share.sure > 0) is (share.sure_layers > 0)


def test_what_is_sure_is_no_empty_promise() -> None:
    for name, gib, least in (("llama 3B", 16, 1), ("qwen3 32B", 40, 1), ("qwen3 32B", 24, 0.6), ("llama 70B", 24, 0.3)):
        share, _ = predicted_for(name, (gib,), tokens=8192)
        assert min(share.sure, share.sure_layers) >= least
