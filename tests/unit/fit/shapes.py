"""Headers of real models, from logs that people published and from recorded answers of engines.

gemma3: the model of the recorded contracts; its file has 253,113,024 bytes. llama3.2 3B, llama3 70B and Qwen3 32B:
llama.cpp's lines of their headers in the issues 8098, 5913 and 11499 of github.com/ollama/ollama.
"""

from __future__ import annotations

from typing import Any

from deploy.components.ollama.memory import BATCH_BY_CONTEXT, CONTEXT_BY_CARDS
from deploy.deployment.memory import Shape
from deploy.fit.shape import shape_of

TOKENS = "tokenizer.ggml.tokens"
GEMMA = {
    "general.architecture": "gemma3",
    "gemma3.block_count": 18,
    "gemma3.embedding_length": 640,
    "gemma3.feed_forward_length": 2048,
    "gemma3.attention.head_count": 4,
    "gemma3.attention.head_count_kv": 1,
    "gemma3.attention.key_length": 256,
    "gemma3.attention.value_length": 256,
    "gemma3.attention.sliding_window": 512,
    TOKENS: 262_144,
}
LLAMA_3B = {
    "llama.block_count": 28,
    "llama.embedding_length": 3072,
    "llama.feed_forward_length": 8192,
    "llama.attention.head_count": 24,
    "llama.attention.head_count_kv": 8,
    "llama.attention.key_length": 128,
    "llama.attention.value_length": 128,
    "llama.vocab_size": 128_256,
}
LLAMA_70B = {
    "llama.block_count": 80,
    "llama.embedding_length": 8192,
    "llama.feed_forward_length": 28_672,
    "llama.attention.head_count": 64,
    "llama.attention.head_count_kv": 8,
    "llama.vocab_size": 128_256,
}
QWEN_32B = {
    "general.architecture": "qwen3",
    "qwen3.block_count": 64,
    "qwen3.context_length": 40_960,
    "qwen3.embedding_length": 5120,
    "qwen3.feed_forward_length": 25_600,
    "qwen3.attention.head_count": 64,
    "qwen3.attention.head_count_kv": 8,
    "qwen3.attention.key_length": 128,
    "qwen3.attention.value_length": 128,
    TOKENS: 151_936,
}
HEADERS: dict[str, tuple[str, dict[str, Any], int, int]] = {
    "gemma3": ("gemma3", GEMMA, 253_113_024, 32_768),
    "llama 3B": ("llama", LLAMA_3B, 2_019_377_376, 131_072),
    "llama 70B": ("llama", LLAMA_70B, 39_969_745_024, 8192),
    "qwen3 32B": ("qwen3", QWEN_32B, 20_201_240_000, 40_960),
}

BY_ENGINE: dict[str, Any] = {"tokens_by_cards": CONTEXT_BY_CARDS, "batch_by_tokens": BATCH_BY_CONTEXT}
"""Decisions of an engine that has rules of its own."""


def shape(name: str) -> Shape:
    """The shape of one of these models."""
    return shape_of(*HEADERS[name])
