from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from deploy.components.ollama.image import image
from deploy.components.ollama.memory import LEAST, memory_bytes
from deploy.components.ollama.spec import OllamaEngine
from deploy.components.room import Resolved
from deploy.decide.render import render
from deploy.decide.resolve import resolve, resolved_parts
from deploy.deployment.folders import Folder, Owner
from deploy.deployment.models import Base, Blob, CreatedModel
from deploy.deployment.offers import ChatApi, Embeddings, Inside
from deploy.deployment.port import Port
from deploy.deployment.service import Mount
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of

GIB = 2**30
TECH = {"name": "tech", "engine": "main", "from": "llama3:8b", "num_ctx": 4096}
FINDER = {"name": "finder", "engine": "main", "from": "nomic-embed-text"}
OWN = {"name": "own", "engine": "main", "from": {"file": "own.gguf", "sha256": "a" * 64}}


def spec_of(*models: dict[str, Any], webui: dict[str, Any] | None = None, **fields: Any) -> Spec:
    engine = {"name": "main", "kind": "ollama", **fields}
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [engine], "models": models, "webui": webui}
    return Spec.model_validate_json(json.dumps(data))


def engine(*models: dict[str, Any], webui: dict[str, Any] | None = None, **fields: Any) -> Resolved:
    spec = spec_of(*models, webui=webui, **fields)
    return resolved_parts(spec, lock_of(spec)).engines[0].resolved


def test_what_the_user_leaves_out_stays_the_engines_own_and_the_cloud_stays_away() -> None:
    assert dict(engine().service.environment) == {
        "HOME": "/home/ollama",
        "OLLAMA_HOST": "0.0.0.0:11434",
        "OLLAMA_MODELS": "/models",
        "OLLAMA_NO_CLOUD": "1",
    }


def test_every_setting_is_written_as_the_engine_reads_it() -> None:
    given = dict(
        engine(
            gpu="amd",
            context_length=8192,
            keep_alive="forever",
            num_parallel=2,
            max_queue=64,
            max_loaded_models=1,
            flash_attention=True,
            kv_cache_type="q8_0",
            load_timeout="10m",
            gpu_overhead="1GiB",
            sched_spread=False,
            llm_library="rocm_v7_2",
            origins=["https://chat.lan", "app://*"],
            noprune=True,
            debug=True,
            cloud=True,
        ).service.environment
    )
    assert {name: given[name] for name in sorted(given) if name not in ("HOME", "OLLAMA_HOST", "OLLAMA_MODELS")} == {
        "OLLAMA_CONTEXT_LENGTH": "8192",
        "OLLAMA_DEBUG": "1",
        "OLLAMA_FLASH_ATTENTION": "1",
        "OLLAMA_GPU_OVERHEAD": str(GIB),
        "OLLAMA_KEEP_ALIVE": "-1",
        "OLLAMA_KV_CACHE_TYPE": "q8_0",
        "OLLAMA_LLM_LIBRARY": "rocm_v7_2",
        "OLLAMA_LOAD_TIMEOUT": "600s",
        "OLLAMA_MAX_LOADED_MODELS": "1",
        "OLLAMA_MAX_QUEUE": "64",
        "OLLAMA_NOPRUNE": "1",
        "OLLAMA_NUM_PARALLEL": "2",
        "OLLAMA_ORIGINS": "https://chat.lan,app://*",
        "OLLAMA_SCHED_SPREAD": "0",
    }


def test_home_and_models_are_folders_of_its_own_and_another_place_is_one_line() -> None:
    service = engine(models_dir="/mnt/big/models", user="1000:1001").service
    assert service.mounts == (
        Mount("/srv/kit/home/main/home", "/home/ollama", read_only=False),
        Mount("/mnt/big/models", "/models", read_only=False),
    )
    owner = Owner(1000, 1001)
    assert service.folders[1:] == (
        Folder("/srv/kit/home/main/home", owner, "0700"),
        Folder("/mnt/big/models", owner, "0750"),
    )
    assert engine().service.mounts[1].host_path == "/srv/kit/home/main/models"
    assert engine().service.owner.uid != 0


def test_another_port_moves_the_published_one_alone() -> None:
    found = engine(port=12345)
    assert found.service.ports == (Port("127.0.0.1", 12345, 11434),)
    assert found.engine is not None
    assert found.engine.address == "http://127.0.0.1:12345"
    assert dict(found.service.environment)["OLLAMA_HOST"] == "0.0.0.0:11434"


@pytest.mark.parametrize(
    ("fields", "models", "egress", "cause"),
    [
        ({}, (), "none", ""),
        ({}, (OWN,), "none", ""),
        ({}, (TECH,), "any", "pulls what tech is made from"),
        ({"egress": "none"}, (TECH,), "none", ""),
        ({"cloud": True}, (), "any", "the spec lets it talk with its vendor's cloud"),
        ({"egress": "any"}, (), "any", "the spec says so"),
    ],
)
def test_it_gets_out_only_for_what_it_pulls(
    fields: dict[str, Any], models: tuple[dict[str, Any], ...], egress: str, cause: str
) -> None:
    service = engine(*models, **fields).service
    assert (service.egress, service.egress_cause) == (egress, cause)


def test_it_offers_chat_for_all_and_vectors_for_the_one_that_is_asked_for() -> None:
    found = engine(TECH, FINDER, webui={"kind": "open_webui", "embedding": "finder"})
    assert found.offers == (
        ChatApi("ollama", Inside("main", 11434), ("tech", "finder"), None),
        Embeddings("ollama", Inside("main", 11434), ("finder",), None),
    )
    assert (found.service.facts["talkers"][0], found.service.facts["embedding"]) == ("tech", "finder")
    assert [type(offer) for offer in engine(TECH).offers] == [ChatApi]


def test_the_lightest_line_of_models_is_asked_to_speak() -> None:
    spec = spec_of(TECH, {"name": "child", "engine": "main", "from": "tech"}, OWN)
    lock = lock_of(spec)
    heavy = lock.models["main/tech"].model_copy(update={"size": 9 * GIB})
    light = lock.models["main/own"].model_copy(update={"size": GIB})
    locked = lock.model_copy(update={"models": {"main/tech": heavy, "main/own": light}})
    assert resolved_parts(spec, locked).engines[0].resolved.service.facts["talkers"][0] == "own"
    assert engine().service.facts["talkers"] == []


def model(name: str, size: int, **parameters: Any) -> CreatedModel:
    request = {"model": name, "parameters": parameters}
    base = Base(name, "0" * 64, size)
    return CreatedModel(name, request, "", {}, "", base=base, num_ctx=parameters.get("num_ctx"))


def test_the_memory_limit_holds_what_is_loaded_together_and_rarely_moves() -> None:
    assert memory_bytes((), None, None, None) == LEAST
    eight, small = model("a", 5 * GIB), model("b", GIB)
    assert memory_bytes((eight,), None, None, None) == memory_bytes((eight, small), None, None, None)
    assert memory_bytes((eight,), None, 4096, 1) == memory_bytes((model("a", 5 * GIB, num_ctx=8192),), None, 4096, 1)
    endless = model("a", 5 * GIB, num_ctx=16_777_216)
    assert memory_bytes((replace(endless, trained=8192),), None, None, 1) == memory_bytes((eight,), None, 8192, 1)
    assert memory_bytes((endless,), None, None, 1) > memory_bytes((eight,), None, 8192, 1)
    short = replace(eight, trained=2048)
    assert memory_bytes((short,), None, 131_072, 4) == memory_bytes((eight,), None, 2048, 4)
    forty = model("c", 40 * GIB)
    assert 44 * GIB < memory_bytes((forty,), None, None, None) <= 64 * GIB
    assert memory_bytes((forty, eight), 1, None, None) == memory_bytes((forty,), None, None, None)
    adapter = CreatedModel("d", {"model": "d"}, "", {}, "", (Blob("model.gguf", "a", 20 * GIB, {}),))
    assert memory_bytes((adapter,), None, None, None) > 22 * GIB


def test_two_lines_are_a_stack_without_a_model() -> None:
    spec = Spec.model_validate_json('{"kit": 1, "stack": "home", "backup": null}')
    deployment = resolve(spec, lock_of(spec))[HERE]
    assert [service.name for service in deployment.services] == ["main", "litellm", "open_webui"]
    assert deployment.engines[0].models == ()
    assert deployment.service("main").facts["models"] == []
    assert deployment.service("open_webui").facts["models"] == []
    (config,) = (file for file in render(deployment).files if file.path.endswith("/litellm.yaml"))
    assert yaml.safe_load(config.content)["model_list"] == []


@pytest.mark.parametrize("name", ["on", "null", "true", "y"])
def test_an_engine_may_be_called_as_yaml_calls_something_else(name: str) -> None:
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [{"name": name, "kind": "ollama"}]}
    spec = Spec.model_validate_json(json.dumps({**data, "gateway": None, "webui": None}))
    compose = render(resolve(spec, lock_of(spec))[HERE]).files[0].content
    assert list(yaml.safe_load(compose)["services"]) == [name]


@pytest.mark.parametrize("version", ["0.33.0-rc2", "0.32.15"])
def test_a_candidate_of_a_release_is_taken_by_its_version_as_by_its_image(version: str) -> None:
    by_version = OllamaEngine.model_validate({"name": "main", "kind": "ollama", "version": version})
    by_image = OllamaEngine.model_validate({"name": "main", "kind": "ollama", "image": f"ollama/ollama:{version}"})
    assert image(by_version, "pull") == image(by_image, "pull")
    assert by_version.release == by_image.release == version
    amd = OllamaEngine.model_validate({"name": "main", "kind": "ollama", "version": version, "gpu": "amd"})
    assert image(amd, "pull").reference == f"ollama/ollama:{version}-rocm"


@pytest.mark.parametrize(
    "version", ["0.33.0rc2", "v0.33.0", "latest", "0.33", "0.33.0.1", "0.33.0-rc", "0.33.0-rc2-rocm", "0.33.0/x"]
)
def test_what_no_image_is_called_is_no_version(version: str) -> None:
    with pytest.raises(ValidationError, match="is not a release such as"):
        OllamaEngine.model_validate({"name": "main", "kind": "ollama", "version": version})
