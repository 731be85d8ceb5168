"""Memory limit of a llama-server: a bound that a healthy one never meets, not a reservation."""

from __future__ import annotations

MIB = 2**20
# The longest input that OpenAI's own embeddings take; a larger batch only makes the buffers larger.
BATCH_TOKENS_MOST = 8192
PROMPT_CACHE_MIB = 512
PROGRAM_MIB = 512
BATCH_BYTES_PER_TOKEN = 64 * 1024
# 4 GiB of quantised weights without grouped heads keep 512 KiB per token of context, the most that is common.
WEIGHTS_PER_CONTEXT_BYTE = 8192
CONTEXT_BYTES_PER_TOKEN_MOST = MIB


def memory_bytes(model_bytes: int, context_length: int, parallel: int) -> int:
    """Return the limit: weights, context of all slots, batch buffers, prompt cache, and the program itself."""
    per_token = min(model_bytes // WEIGHTS_PER_CONTEXT_BYTE, CONTEXT_BYTES_PER_TOKEN_MOST)
    context = context_length * parallel * per_token
    batch = min(context_length, BATCH_TOKENS_MOST) * BATCH_BYTES_PER_TOKEN
    needed = model_bytes + model_bytes // 10 + context + batch + (PROMPT_CACHE_MIB + PROGRAM_MIB) * MIB
    step = 64 * MIB
    return -(-needed // step) * step
