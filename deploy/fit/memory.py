"""Memory of a loaded model: weights, cache of its context, and buffers for computing.

Sources: src/llama-kv-cache.cpp and src/llama-kv-cache-iswa.cpp of llama.cpp for the cache, which comes out exactly; its
reserved graphs for the buffers, as logs of CPUs and of cards show them.
"""

from __future__ import annotations

from dataclasses import dataclass

from deploy.deployment.memory import ModelMemory, Shape

GIB = 2**30
ROW = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Bytes of a number in the cache."""
STEP = 256
"""Tokens by which the cache grows."""
DEFAULT_BATCH = 512
LARGEST_VOCABULARY = 262_144
"""Tokens of the largest vocabularies; it stands for an unknown one."""
HEAVIER = 1.4
"""Bytes of a number of the vocabulary to those of other weights, in a quantised file, at most."""
ALLOWANCE = 1.3
"""Largest buffer to the one by the rule: 1.12 was seen on CPUs, and cards keep some more."""
COPIES = 4
"""Copies of the masks where several cards take turns."""
TEXTS = 16 * 2**20
"""Most bytes of a file that are the texts of its vocabulary, and no weights."""


@dataclass(frozen=True)
class Range:
    """Number of bytes that is known within two bounds."""

    least: int
    most: int

    def __add__(self, other: Range) -> Range:
        """Return the sum of two ranges."""
        return Range(self.least + other.least, self.most + other.most)

    def times(self, number: int) -> Range:
        """Return several of them."""
        return Range(self.least * number, self.most * number)

    def part(self, share: float) -> Range:
        """Return a part of it."""
        return Range(int(self.least * share), int(self.most * share))


@dataclass(frozen=True)
class Need:
    """Memory of a loaded model."""

    weights: Range
    """Weights of all its layers and its output."""
    vocabulary: Range
    """Weights of its output, and as much again for the numbers of its tokens, which stay with the CPU on any card."""
    cache: Range
    """Cache of its context, for all layers together."""
    buffers: Range
    """Buffers for computing, on each card."""
    layers: int
    untold: int = 0
    """Cache that an engine's sum leaves out: of the two caches of a model with windows it has the windowed layers' one.
    """

    @property
    def on_card(self) -> Range:
        """Memory of one card that takes all of it."""
        weights = Range(max(self.weights.least - self.vocabulary.most, 0), self.weights.most)
        return weights + self.cache + self.buffers

    @property
    def everywhere(self) -> Range:
        """Memory of cards and CPU together as an engine tells it, where both have a part."""
        weights = Range(self.weights.least, self.weights.most + self.vocabulary.most)
        return weights + self.told_cache + self.buffers + Range(0, self.buffers.most)

    @property
    def told_cache(self) -> Range:
        """Cache as an engine tells it."""
        return Range(self.cache.least - self.untold, self.cache.most)

    @property
    def layer(self) -> Range:
        """Memory of one layer with its cache, as an engine tells it."""
        least = max(self.weights.least - 2 * self.vocabulary.most, 0)
        each = Range(least, self.weights.most - self.vocabulary.least) + self.told_cache
        return Range(each.least // self.layers, each.most // self.layers)


def need_of(memory: ModelMemory, shape: Shape, cards_bytes: int, number: int = 1) -> Need:
    """Return the memory of a model with its settings, on this number of cards with this much memory together."""
    tokens = min(memory.tokens or context_by(memory, cards_bytes) or shape.trained, shape.trained)
    fewest, most = batches(memory, tokens)
    copies = COPIES if number > 1 else 1
    buffers = int(_buffers(memory, shape, tokens, most, copies) * ALLOWANCE) + _logits(shape, most)
    return Need(
        weights=Range(max(shape.weight_bytes - TEXTS, 0), shape.weight_bytes + shape.more_bytes),
        vocabulary=_vocabulary(shape),
        cache=Range(*(cache_bytes(shape, tokens, memory.slots, memory.cache_type, batch) for batch in (fewest, most))),
        buffers=Range(_buffers(memory, shape, tokens, fewest), buffers),
        layers=shape.layers,
        untold=cache_bytes(shape, tokens, memory.slots, memory.cache_type, fewest, is_full=True) if shape.window else 0,
    )


def context_by(memory: ModelMemory, cards_bytes: int) -> int | None:
    """Return the context that an engine chooses by the memory of all cards; None if it has no rule."""
    return next((tokens for least, tokens in memory.tokens_by_cards if cards_bytes >= least), None)


def batches(memory: ModelMemory, tokens: int) -> tuple[int, int]:
    """Return the fewest and the most tokens of a prompt that are read at once."""
    whole = tokens * memory.slots
    if memory.batch is not None:
        return min(memory.batch, whole), min(memory.batch, whole)
    most = next((batch for above, batch in memory.batch_by_tokens if whole > above), DEFAULT_BATCH)
    return min(DEFAULT_BATCH, whole), min(most, whole)


def cache_bytes(shape: Shape, tokens: int, slots: int, kind: str, batch: int, *, is_full: bool = False) -> int:
    """Return the cache of all contexts: keys and values of each token that a layer looks back on.

    Args:
        shape: The model's sizes.
        tokens: Context of one request.
        slots: Requests at the same time.
        kind: Type of the numbers.
        batch: Tokens of a prompt that are read at once.
        is_full: True for the layers alone that look back over the whole context.
    """
    cells = _padded(tokens)
    full = shape.layers // shape.full_every
    windowed = 0 if is_full else shape.layers - full
    row = shape.heads_kv * (shape.key_length + shape.value_length) * ROW[kind]
    return int(slots * row * (full * cells + windowed * _window_cells(shape, cells, batch)))


def _window_cells(shape: Shape, cells: int, batch: int) -> int:
    return _padded(min(cells, shape.window + batch)) if shape.window else cells


def _padded(tokens: int) -> int:
    return -(-tokens // STEP) * STEP


def _buffers(memory: ModelMemory, shape: Shape, tokens: int, batch: int, copies: int = 1) -> int:
    """Return the results between the layers, the masks, and the scores where flash attention is off."""
    cells = _padded(tokens)
    expert = shape.expert_feed_forward
    widest = max(
        3 * shape.feed_forward,
        2 * shape.heads * shape.key_length,
        3 * shape.experts_used * expert,
        shape.experts_used * (2 * shape.embedding + expert) - 2 * shape.embedding,
    )
    results = 4 * batch * (5 * shape.embedding + widest + 10)
    masks = copies * batch * (cells + (_window_cells(shape, cells, batch) if shape.window else 0)) * 2
    is_off = memory.has_flash_attention is False
    return results + masks * (1 + is_off) + is_off * 4 * batch * cells * shape.heads


def _logits(shape: Shape, batch: int) -> int:
    """Return the buffer of the output for each token of a batch, which some releases reserve."""
    return 4 * batch * (shape.vocabulary or LARGEST_VOCABULARY)


def _vocabulary(shape: Shape) -> Range:
    """Return the weights of one matrix over the vocabulary; a header does not tell if its file has one or two."""
    layers = shape.layers * _numbers_of_layer(shape)
    fewest, most = (shape.embedding * (shape.vocabulary or unknown) for unknown in (0, LARGEST_VOCABULARY))
    least = shape.weight_bytes * fewest / (layers + 2 * fewest) / HEAVIER
    return Range(int(least), int(min(shape.weight_bytes * most / (layers + most) * HEAVIER, shape.weight_bytes)))


def _numbers_of_layer(shape: Shape) -> int:
    attention = shape.embedding * (shape.heads + shape.heads_kv) * (shape.key_length + shape.value_length)
    experts = shape.experts * shape.expert_feed_forward
    return attention + 3 * shape.embedding * (experts or shape.feed_forward)
