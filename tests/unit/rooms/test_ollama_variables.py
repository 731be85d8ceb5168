"""Every variable that Ollama's server reads has a field that sets it, or a reason and what to write instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.components.ollama.spec import OllamaEngine
from deploy.components.ollama.variables import FIELDS, REASONS
from deploy.errors import SpecError
from deploy.spec.loading.loader import load_spec
from tests.unit.rooms.test_ollama import engine

# What `AsMap` of its envconfig/config.go lists, and what its other files read, at release 0.32.15 and at 0.33.0-rc2;
# the small letters of the proxies are read as well.
TABLE = """
    CUDA_VISIBLE_DEVICES GGML_VK_VISIBLE_DEVICES GPU_DEVICE_ORDINAL HIP_VISIBLE_DEVICES HSA_OVERRIDE_GFX_VERSION
    HTTPS_PROXY HTTP_PROXY JETSON_JETPACK LLAMA_ARG_FIT LLAMA_ARG_FIT_TARGET NO_PROXY OLLAMA_AUTH OLLAMA_CONTEXT_LENGTH
    OLLAMA_DEBUG OLLAMA_DEBUG_LOG_REQUESTS OLLAMA_EDITOR OLLAMA_FLASH_ATTENTION OLLAMA_GO_TEMPLATE OLLAMA_GPU_OVERHEAD
    OLLAMA_HOST OLLAMA_IGPU_ENABLE OLLAMA_KEEP_ALIVE OLLAMA_KV_CACHE_TYPE OLLAMA_LLM_LIBRARY OLLAMA_LOAD_TIMEOUT
    OLLAMA_MAX_LOADED_MODELS OLLAMA_MAX_QUEUE OLLAMA_MAX_TRANSFER_STREAMS OLLAMA_MODELS OLLAMA_NOHISTORY OLLAMA_NOPRUNE
    OLLAMA_NO_CLOUD OLLAMA_NUM_PARALLEL OLLAMA_ORIGINS OLLAMA_REMOTES OLLAMA_SCHED_SPREAD OLLAMA_VULKAN
    ROCR_VISIBLE_DEVICES
"""
READ = TABLE.split()
WITHDRAWN = [
    f"OLLAMA_{name}" for name in ("INTEL_GPU", "MAX_VRAM", "MULTIUSER_CACHE", "NEW_ENGINE", "RUNNERS_DIR", "TMPDIR")
]
PER_CARD = [f"HSA_OVERRIDE_GFX_VERSION_{card}" for card in range(8)]
OWN = {"HOME", "OLLAMA_HOST", "OLLAMA_NO_CLOUD"}
"""Variables that the kit sets itself, whatever the spec says of others."""


def said_of(tmp_path: Path, key: str) -> str:
    path = tmp_path / "kit.yaml"
    written = json.dumps({"name": "main", "kind": "ollama", key: "1"})
    path.write_text(f"kit: 1\nstack: home\nbackup: null\nengines:\n  - {written}\n")
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    (problem,) = caught.value.problems
    assert problem.path == f"engines[0].{key}"
    return problem.message


def test_every_variable_has_a_field_or_a_reason_and_never_both() -> None:
    assert sorted(FIELDS | REASONS) == sorted([*READ, *WITHDRAWN, *PER_CARD])
    assert FIELDS.keys() & REASONS.keys() == set()
    assert set(FIELDS.values()) <= OllamaEngine.model_fields.keys()


def test_a_field_sets_its_variable_and_nothing_sets_another_one() -> None:
    given = dict(
        engine(
            gpu="amd",
            context_length=8192,
            debug=True,
            devices=["0", "GPU-8668c3be2237aa5f"],
            flash_attention=True,
            go_template=True,
            gpu_overhead="1GiB",
            hsa_override_gfx_version="10.3.0",
            igpu_enable=False,
            keep_alive="5m",
            kv_cache_type="q8_0",
            llm_library="rocm_v7_2",
            load_timeout="5m",
            max_loaded_models=1,
            max_queue=64,
            noprune=True,
            num_parallel=2,
            origins=["https://chat.lan"],
            sched_spread=True,
        ).service.environment
    )
    assert given.keys() == FIELDS.keys() | OWN
    assert given["ROCR_VISIBLE_DEVICES"] == "0,GPU-8668c3be2237aa5f"
    assert given["HSA_OVERRIDE_GFX_VERSION"] == "10.3.0"
    assert given["OLLAMA_IGPU_ENABLE"] == "0"


@pytest.mark.parametrize("variable", [*READ, *WITHDRAWN, *PER_CARD])
def test_a_variables_name_is_answered_with_what_to_write(tmp_path: Path, variable: str) -> None:
    why = said_of(tmp_path, variable)
    assert why == (f"is called `{FIELDS[variable]}` here" if variable in FIELDS else REASONS[variable])
    if variable.lower() not in OllamaEngine.model_fields:
        assert said_of(tmp_path, variable.lower()) == why
    short = variable.removeprefix("OLLAMA_").lower()
    # A machine and the models have a place of their own in the file.
    if short not in OllamaEngine.model_fields and short not in ("host", "models"):
        assert said_of(tmp_path, short) == why


def test_models_written_into_their_engine_are_sent_to_their_place(tmp_path: Path) -> None:
    assert said_of(tmp_path, "models").startswith("stand at the top of this file")
