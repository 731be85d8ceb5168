"""The sizes of a model's file reach the service that loads it, and no digest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy.decide.render import render
from deploy.decide.resolve import resolve
from deploy.decide.shapes import QUANTISED
from deploy.deployment.host import Deployment
from deploy.deployment.memory import CardLoad, ModelMemory
from deploy.fit.shape import UNREAD
from deploy.lock.model import Lock
from deploy.sources.weights.locked import GgufFacts
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of
from tests.unit.fit.shapes import BY_ENGINE, GEMMA, QWEN_32B, shape

GIB = 2**30
BIG = {"name": "qwen3:32b", "engine": "main"}
OWN = {"name": "own", "engine": "main", "from": {"file": "own.gguf", "sha256": "a" * 64}}
ADAPTER = {"adapter": {"file": "a.gguf", "sha256": "b" * 64}}


def spec_of(*models: dict[str, Any], **engine: Any) -> Spec:
    data = {"kit": 1, "stack": "home", "backup": None, "gateway": None, "webui": None, "models": models}
    main = {"name": "main", "kind": "ollama", "gpu": "nvidia", **engine}
    return Spec.model_validate_json(json.dumps({**data, "engines": [main]}))


def lock_with_headers(spec: Spec) -> Lock:
    """A lock that has the headers of two real models: of Qwen3 32B for a tag, of gemma3 for a file."""
    lock = lock_of(spec)
    sizes: dict[str, dict[str, Any]] = {
        "tag": {"header": QWEN_32B, "context_length": 40_960, "size": 20_201_240_000},
        "file": {"header": GEMMA, "size": 253_113_024},
    }
    facts = GgufFacts(architecture="gemma3", context_length=32_768, has_chat_template=True)
    sizes["file"]["gguf"] = facts
    models = {key: entry.model_copy(update=sizes[entry.source]) for key, entry in lock.models.items()}
    return lock.model_copy(update={"models": models})


def deployment(*models: dict[str, Any], **engine: Any) -> Deployment:
    spec = spec_of(*models, **engine)
    return resolve(spec, lock_with_headers(spec))[HERE]


def load(*models: dict[str, Any], **engine: Any) -> CardLoad:
    found = deployment(*models, **engine).services[0].card_load
    assert found is not None
    return found


def memory(*models: dict[str, Any], **engine: Any) -> ModelMemory:
    return load(*models, **engine).models[-1]


def test_an_engine_without_a_card_loads_nothing_there() -> None:
    assert deployment(BIG, gpu="none").services[0].card_load is None


def test_a_tag_and_a_file_have_the_sizes_of_their_headers() -> None:
    assert memory(BIG) == ModelMemory("qwen3:32b", shape("qwen3 32B"), **BY_ENGINE)
    assert memory(OWN) == ModelMemory("own", shape("gemma3"), **BY_ENGINE)
    assert memory(OWN, {"name": "child", "engine": "main", "from": "own"}).shape == shape("gemma3")
    found = memory({**OWN, **ADAPTER}).shape
    assert found is not None
    assert found.more_bytes == 1


@pytest.mark.parametrize(
    ("model", "engine", "settings"),
    [
        ({"num_ctx": 8192}, {"context_length": 4096}, {"tokens": 8192}),
        ({}, {"context_length": 4096, "num_parallel": 3}, {"tokens": 4096, "slots": 3}),
        ({}, {"kv_cache_type": "q8_0", "flash_attention": True}, {"cache_type": "q8_0", "has_flash_attention": True}),
        ({"num_gpu": 20, "main_gpu": 1, "num_batch": 256}, {}, {"wanted_layers": 20, "main_card": 1, "batch": 256}),
        ({"num_gpu": -1}, {}, {"wanted_layers": None}),
        ({"num_gpu": 0}, {}, {"wanted_layers": 0}),
    ],
)
def test_the_settings_of_spec_and_model_are_taken_along(
    model: dict[str, Any], engine: dict[str, Any], settings: dict[str, Any]
) -> None:
    assert memory({**OWN, **model}, **engine) == ModelMemory("own", shape("gemma3"), **BY_ENGINE, **settings)
    child = {"name": "child", "engine": "main", "from": "own"}
    assert memory({**OWN, **model}, child, **engine) == ModelMemory("child", shape("gemma3"), **BY_ENGINE, **settings)


def test_what_is_unknown_has_its_reason() -> None:
    spec = spec_of(BIG)
    (service,) = resolve(spec, lock_of(spec))[HERE].services
    assert service.card_load == CardLoad("nvidia", (), (ModelMemory("qwen3:32b", None, UNREAD, **BY_ENGINE),))
    assert memory({**OWN, "quantize": "Q4_K_M"}).unknown == QUANTISED
    spec = spec_of(OWN)
    lock = lock_with_headers(spec)
    other = {key: entry.model_copy(update={"header": {"gemma3.block_count": 18}}) for key, entry in lock.models.items()}
    (service,) = resolve(spec, lock.model_copy(update={"models": other}))[HERE].services
    assert service.card_load is not None
    assert "gives no single gemma3.embedding_length" in service.card_load.models[0].unknown


def test_cards_and_reserved_memory_are_taken_along() -> None:
    found = load(BIG, devices=["1"], gpu_overhead="2GiB")
    assert (found.vendor, found.chosen, found.is_resident, found.reserved_bytes) == ("nvidia", ("1",), False, 2 * GIB)


def test_a_llama_server_keeps_its_model_with_its_own_batch_and_layers() -> None:
    found = load(OWN, kind="llama_cpp", source="pull", threads=1, context_length=16_384, parallel=2, gpu_layers=12)
    settings: dict[str, Any] = {"tokens": 16_384, "slots": 2, "batch": 8192, "wanted_layers": 12}
    assert found == CardLoad("nvidia", (), (ModelMemory("own", shape("gemma3"), **settings),), is_resident=True)


def test_a_release_is_the_same_with_and_without_the_sizes() -> None:
    spec = spec_of(BIG, OWN)
    lock = lock_with_headers(spec)
    bare = {key: entry.model_copy(update={"header": {}}) for key, entry in lock.models.items()}
    known, unknown = (resolve(spec, each)[HERE] for each in (lock, lock.model_copy(update={"models": bare})))
    assert known.services[0].card_load != unknown.services[0].card_load
    told = json.loads(render(known).files[1].content)
    assert "card_load" not in told["services"][0]
    assert render(known) == render(unknown)
