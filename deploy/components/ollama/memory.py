"""Memory of an Ollama: its limit, a bound that a healthy one never meets; and what it decides by the memory of cards.

Since 0.30 it runs llama.cpp's server, which places a model on the cards. Sources of its own decisions: server/routes.go
(context by cards) and server/sched.go (batch by context). Its /api/ps sums the buffers in the server's log (MemorySize
in llm/llama_server.go): `size_vram` those on cards, `size` all; both are equal where all layers lie on cards.
"""

from __future__ import annotations

from deploy.deployment.models import CreatedModel

GIB = 2**30
LEAST = 8 * GIB
"""Room for a model of seven billion parameters that a person pulls by hand."""
PROGRAM = GIB
LOADED = 3
"""Default number of models in memory at the same time, on the CPU."""
# 4 GiB of quantised weights without grouped heads keep 512 KiB per token of context, the most that is common.
WEIGHTS_PER_CONTEXT_BYTE = 8192
CONTEXT_BYTES_PER_TOKEN_MOST = 2**20
CONTEXT = 4096
BATCH = 512 * 2**20
CONTEXT_BY_CARDS = ((47 * GIB, 262_144), (23 * GIB, 32_768), (0, CONTEXT))
"""Memory of all cards together to the context of a model that sets none."""
BATCH_BY_CONTEXT = ((32_768, 2048), (4096, 1024))
"""Contexts of all requests above which more tokens of a prompt are read at once, if the cards have room for that."""
PROCESS_ON_CARD = GIB // 2
"""Memory that each further model's process takes of a card, beside the memory that the API tells."""


def memory_bytes(
    models: tuple[CreatedModel, ...], loaded: int | None, context_length: int | None, parallel: int | None
) -> int:
    """Return the limit: the largest models that can be loaded together, each with the contexts of its slots."""
    each = sorted((_one(model, context_length or CONTEXT, parallel or 1) for model in models), reverse=True)
    return _stepped(PROGRAM + sum(each[: loaded or LOADED]))


def _stepped(needed: int) -> int:
    # Few steps, for another limit recreates the container: one more model or a longer context rarely takes the next.
    step = LEAST
    while step < needed:
        if step + step // 2 >= needed:
            return step + step // 2
        step *= 2
    return step


def _one(model: CreatedModel, context: int, parallel: int) -> int:
    weights = model.weight_bytes
    context = max(context, model.num_ctx or model.brought or 0)
    # It gets no more context than it was trained for, whatever is asked for.
    tokens = min(context, model.trained or context) * parallel
    per_token = min(weights // WEIGHTS_PER_CONTEXT_BYTE, CONTEXT_BYTES_PER_TOKEN_MOST)
    return weights + weights // 10 + tokens * per_token + BATCH
