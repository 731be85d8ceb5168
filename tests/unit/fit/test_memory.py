"""Memory of a loaded model, compared with figures that real engines wrote.

The cache and sizes of gemma3 come from the recorded contracts (server.log of 0.24.0, /api/ps of 0.32.15, on the CPU).
The other figures come from logs of cards in public reports: issues 8098, 5913 and 11499 of github.com/ollama/ollama,
and its own test of llama-server's lines (llm/llama_server_test.go).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deploy.deployment.memory import ModelMemory
from deploy.fit.memory import GIB, batches, cache_bytes, context_by, need_of
from deploy.fit.shape import UnknownShapeError, shape_of
from tests.unit.fit.shapes import BY_ENGINE, GEMMA, HEADERS, LLAMA_3B, QWEN_32B, TOKENS, shape

MIB = 2**20


@pytest.mark.parametrize(
    ("name", "tokens", "mib"),
    [
        ("gemma3", 512, 9.0),
        ("gemma3", 2048, 21.0),
        ("gemma3", 4096, 27.0),
        ("gemma3", 32_768, 111.0),
        ("llama 3B", 4096, 448.0),
        ("llama 3B", 8192, 896.0),
        ("llama 3B", 32_768, 1920.0 + 1664.0),
        ("llama 70B", 2048, 640.0),
        ("qwen3 32B", 8192, 2048.0),
    ],
)
def test_the_cache_is_what_engines_wrote(name: str, tokens: int, mib: float) -> None:
    assert cache_bytes(shape(name), tokens, 1, "f16", 512) == mib * MIB


def test_the_cache_grows_with_the_requests_and_shrinks_with_its_type() -> None:
    llama = shape("llama 3B")
    whole = cache_bytes(llama, 4096, 1, "f16", 512)
    assert cache_bytes(llama, 4096, 3, "f16", 512) == 3 * whole
    assert cache_bytes(llama, 4096, 1, "q8_0", 512) == whole * 17 // 32
    assert cache_bytes(llama, 4096, 1, "q4_0", 512) == whole * 9 // 32
    assert cache_bytes(llama, 4000, 1, "f16", 512) == whole


@pytest.mark.parametrize(("tokens", "size"), [(2048, 285_684_530), (32_768, 379_815_197)])
def test_the_sum_is_what_an_engine_told_in_its_api(tokens: int, size: int) -> None:
    # It tells the windowed layers' cache alone: 15 and 22.5 MiB of the 21 and 118.5.
    need = need_of(ModelMemory("tiny", shape("gemma3"), tokens=tokens, **BY_ENGINE), shape("gemma3"), 0)
    assert need.everywhere.least <= size <= need.everywhere.most


@pytest.mark.parametrize(
    ("tokens", "number", "cache", "buffers"),
    [(4096, 1, 448.0, 256.5), (32_768, 2, 3584.0, 378.04), (32_768, 2, 3584.0, 408.55)],
)
def test_a_card_takes_what_a_log_of_a_card_tells(tokens: int, number: int, cache: float, buffers: float) -> None:
    llama = shape("llama 3B")
    need = need_of(ModelMemory("llama", llama, tokens=tokens, batch=512), llama, 0, number)
    assert need.buffers.least <= buffers * MIB <= need.buffers.most
    assert need.on_card.least <= (1918.35 + cache + buffers) * MIB <= need.on_card.most
    assert need.vocabulary.least <= 308.23 * MIB <= need.vocabulary.most


def test_scores_are_paid_where_flash_attention_is_off() -> None:
    # github.com/ollama/ollama issue 9181: a graph of 8.2 GiB on each card at 64,000 tokens of a 70B model.
    llama = replace(shape("llama 70B"), trained=131_072)
    plain = ModelMemory("llama", llama, tokens=64_000, batch=512)
    buffers = need_of(replace(plain, has_flash_attention=False), llama, 0).buffers
    assert buffers.least <= 8.2 * GIB <= buffers.most
    assert need_of(plain, llama, 0).buffers.most < GIB


@pytest.mark.parametrize(
    ("memory", "tokens", "told"),
    [
        ({}, 4096, (512, 512)),
        ({}, 8192, (512, 1024)),
        ({}, 65_536, (512, 2048)),
        ({"slots": 2}, 4096, (512, 1024)),
        ({"batch": 256}, 8192, (256, 256)),
        ({"batch": 8192}, 4096, (4096, 4096)),
    ],
)
def test_a_batch_is_chosen_by_the_context(memory: dict[str, Any], tokens: int, told: tuple[int, int]) -> None:
    assert batches(ModelMemory("any", None, **BY_ENGINE, **memory), tokens) == told
    assert memory.get("batch") or batches(ModelMemory("any", None, **memory), tokens) == (512, 512)


@pytest.mark.parametrize(("gib", "tokens"), [(0, 4096), (22, 4096), (24, 32_768), (46, 32_768), (48, 262_144)])
def test_a_context_that_nobody_chose_goes_by_the_cards_and_ends_with_the_training(gib: int, tokens: int) -> None:
    llama = shape("llama 3B")
    plain, chosen = ModelMemory("llama", llama), ModelMemory("llama", llama, **BY_ENGINE)
    assert (context_by(plain, gib * GIB), context_by(chosen, gib * GIB)) == (None, tokens)
    cache = need_of(chosen, llama, gib * GIB).cache.least
    assert cache == cache_bytes(llama, min(tokens, 131_072), 1, "f16", 512)


def test_the_numbers_of_a_header_are_read() -> None:
    gemma, llama, qwen = shape("gemma3"), shape("llama 70B"), shape("qwen3 32B")
    assert (gemma.window, gemma.full_every, gemma.vocabulary) == (512, 6, 262_144)
    assert (llama.key_length, llama.full_every, llama.vocabulary) == (128, 1, 128_256)
    assert (qwen.layers, qwen.vocabulary) == (64, 151_936)
    ahead = shape_of("qwen3", QWEN_32B | {"qwen3.nextn_predict_layers": 1}, 1, 1, more_bytes=5)
    assert (ahead.layers, ahead.more_bytes) == (63, 5)
    experts = {
        "qwen3moe.expert_count": 128,
        "qwen3moe.expert_used_count": 8,
        "qwen3moe.expert_feed_forward_length": 768,
    }
    sparse = {key.replace("qwen3.", "qwen3moe."): value for key, value in QWEN_32B.items()} | experts
    del sparse["qwen3moe.feed_forward_length"]
    assert shape_of("qwen3moe", sparse, 1, 1).expert_feed_forward == 768
    # A window that its engine ignores is none.
    assert shape_of("llama", LLAMA_3B | {"llama.attention.sliding_window": 4096}, 1, 1).window == 0


@pytest.mark.parametrize(
    ("architecture", "header", "words"),
    [
        ("qwen35", {"qwen35.block_count": 32}, "no rule for the memory of the architecture qwen35"),
        ("llama", {}, r"gives no single llama\.block_count"),
        ("gemma3", {**GEMMA, "gemma3.attention.head_count_kv": 0}, r"gives no single gemma3\.attention\.head_count_kv"),
        ("llama", {**LLAMA_3B, "llama.feed_forward_length": True}, r"gives no single llama\.feed_forward_length"),
    ],
)
def test_a_header_that_lacks_a_number_is_told(architecture: str, header: dict[str, Any], words: str) -> None:
    with pytest.raises(UnknownShapeError, match=words):
        shape_of(architecture, header, 1, 1)


def test_an_unknown_vocabulary_widens_the_bounds() -> None:
    architecture, header, size, trained = HEADERS["qwen3 32B"]
    bare = shape_of(architecture, {key: value for key, value in header.items() if key != TOKENS}, size, trained)
    known, unknown = (need_of(ModelMemory("qwen", each, tokens=8192), each, 0) for each in (shape("qwen3 32B"), bare))
    assert unknown.vocabulary.least == 0 < known.vocabulary.least
    assert unknown.on_card.least < known.on_card.least < known.on_card.most < unknown.on_card.most
