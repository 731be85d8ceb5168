"""Memory that models take on graphics cards, as far as spec and lock decide it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Sizes of a model that its memory depends on, from the header of its file."""

    weight_bytes: int
    """Size of its file."""
    layers: int
    embedding: int
    feed_forward: int
    heads: int
    heads_kv: int
    key_length: int
    value_length: int
    trained: int
    """Longest context that it was trained for, in tokens."""
    window: int = 0
    """Tokens that a windowed layer looks back; 0 for a model without such layers."""
    full_every: int = 1
    """Every n-th layer looks back over the whole context, the others are windowed."""
    vocabulary: int = 0
    """Number of its tokens; 0 if unknown."""
    experts: int = 0
    experts_used: int = 0
    expert_feed_forward: int = 0
    more_bytes: int = 0
    """Size of its adapters and projectors."""


@dataclass(frozen=True)
class ModelMemory:
    """A model with the settings that its memory depends on."""

    model: str
    shape: Shape | None
    unknown: str = ""
    """Reason why its shape is unknown."""
    tokens: int | None = None
    """Context of one request; None leaves it to the engine."""
    tokens_by_cards: tuple[tuple[int, int], ...] = ()
    """Memory of all cards, from the most, to the context that the engine chooses by it."""
    slots: int = 1
    """Requests at the same time, each with a context of its own."""
    cache_type: str = "f16"
    """Type of the numbers in the context's cache."""
    has_flash_attention: bool | None = None
    """None leaves it to the engine."""
    batch: int | None = None
    """Tokens of a prompt that are read at once; None leaves it to the engine."""
    batch_by_tokens: tuple[tuple[int, int], ...] = ()
    """Contexts of all requests, from the longest, above which the engine may read that many tokens at once."""
    wanted_layers: int | None = None
    """Layers that the spec wants on the cards; None for as many as fit."""
    main_card: int | None = None
    """Number of the one card that it uses; None for all."""


@dataclass(frozen=True)
class CardLoad:
    """Cards of a service, and the models that it loads there."""

    vendor: str
    chosen: tuple[str, ...] = ()
    """Numbers and UUIDs of its cards; empty for all of the vendor."""
    models: tuple[ModelMemory, ...] = ()
    """Empty for a service whose memory on the cards is unknown."""
    is_resident: bool = False
    """True if its models stay loaded as long as it runs."""
    reserved_bytes: int = 0
    """Memory that the spec leaves free on each card."""
