"""Shape of a model from the whole numbers in the header of its file, for architectures whose memory rules are known.

The keys are those of llama.cpp (gguf-py/gguf/constants.py). The rules of windowed layers come from 1,317 runs of
llama-server with 84 models.
"""

from __future__ import annotations

from collections.abc import Mapping

from deploy.deployment.memory import Shape
from deploy.gguf import TOKENS

WHOLE = frozenset(
    {"llama", "phi3", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "gemma", "glm4", "glm4moe", "granite", "starcoder2"}
)
"""Architectures whose layers all look back over the whole context, whatever their header says of a window."""
WINDOWED = {"gemma2": 2, "gpt-oss": 2, "cohere2": 4, "olmo2": 4, "gemma3": 6}
"""Architectures with windowed layers, each with the distance of those that look back over the whole context."""

UNREAD = "kit.lock has no header of its file"
HEADS, HEADS_KV = "attention.head_count", "attention.head_count_kv"


class UnknownShapeError(ValueError):
    """The header lacks a fact; the message names it."""


def shape_of(
    architecture: str, header: Mapping[str, object], weight_bytes: int, trained: int, more_bytes: int = 0
) -> Shape:
    """Return the shape of a model; UnknownShapeError tells what its header lacks."""
    if architecture not in WHOLE and architecture not in WINDOWED:
        raise UnknownShapeError(f"the kit has no rule for the memory of the architecture {architecture}")
    own = _Numbers(architecture, header)
    layers, embedding, heads = own.needed("block_count"), own.needed("embedding_length"), own.needed(HEADS)
    heads_kv = own.needed(HEADS_KV)
    window = own.optional("attention.sliding_window") if architecture in WINDOWED else 0
    experts = own.optional("expert_count")
    return Shape(
        weight_bytes=weight_bytes,
        # Layers that guess further tokens are counted, and not loaded.
        layers=layers - own.optional("nextn_predict_layers"),
        embedding=embedding,
        feed_forward=own.optional("feed_forward_length") if experts else own.needed("feed_forward_length"),
        heads=heads,
        heads_kv=heads_kv,
        key_length=own.optional("attention.key_length") or embedding // heads,
        value_length=own.optional("attention.value_length") or embedding // heads,
        trained=trained,
        window=window,
        full_every=WINDOWED[architecture] if window else 1,
        vocabulary=own.optional("vocab_size") or _number(header.get(TOKENS)),
        experts=experts,
        experts_used=own.optional("expert_used_count"),
        expert_feed_forward=own.optional("expert_feed_forward_length"),
        more_bytes=more_bytes,
    )


class _Numbers:
    """Whole numbers of an architecture in a header."""

    def __init__(self, architecture: str, header: Mapping[str, object]) -> None:
        self._architecture = architecture
        self._header = header

    def needed(self, name: str) -> int:
        """Return a number that is not zero; a list of numbers, one for each layer, is not among the kept facts."""
        number = self.optional(name)
        if number < 1:
            raise UnknownShapeError(f"the header of its file gives no single {self._architecture}.{name}")
        return number

    def optional(self, name: str) -> int:
        """Return a number; 0 without it."""
        return _number(self._header.get(f"{self._architecture}.{name}"))


def _number(value: object) -> int:
    return value if type(value) is int and value > 0 else 0
