"""A llama.cpp engine on a graphics card: its image, its devices, and what its log says of the layers there.

The log lines are llama.cpp's own (src/llama-model.cpp and tools/server/server.cpp).
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.components.llama_cpp import verify
from deploy.components.llama_cpp.cards import offloaded
from deploy.decide.resolve import resolve
from deploy.deployment.service import Service
from deploy.lock.gpus import answered
from deploy.lock.image_sources import image_sources
from deploy.lock.model import CardsLock
from deploy.spec.model import Spec
from deploy.stack import HERE
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.containers import Containers
from tests.locks import lock_of

ALL = "load_tensors: offloaded 29/29 layers to GPU\n"
LOADED = "main: model loaded\n"


class Told(Containers):
    """Containers whose log is given."""

    def __init__(self, text: str) -> None:
        self.text = text

    def logs(self, _service: Service) -> str:
        """Return what the engine wrote."""
        return self.text


def spec_of(**fields: Any) -> Spec:
    gemma = {"file": "gemma.gguf", "sha256": "a" * 64}
    data = {
        "kit": 1,
        "stack": "home",
        "backup": None,
        "gateway": None,
        "webui": None,
        "engines": [{"name": "main", "kind": "llama_cpp", "source": "pull", "threads": 1, **fields}],
        "models": [{"name": "gemma", "engine": "main", "from": gemma}],
    }
    return Spec.model_validate_json(json.dumps(data))


def service(**fields: Any) -> Service:
    spec = spec_of(**{"gpu": "nvidia", **fields})
    return resolve(spec, lock_of(spec))[HERE].services[0]


@pytest.mark.parametrize(
    ("gpu", "tag"), [("nvidia", "server-cuda-b9999"), ("amd", "server-rocm-b9999"), ("intel", "server-vulkan-b9999")]
)
def test_its_image_is_the_projects_own_for_the_card(gpu: str, tag: str) -> None:
    assert f"ghcr.io/ggml-org/llama.cpp:{tag}" in image_sources(spec_of(gpu=gpu, version="b9999"))


def test_auto_takes_the_image_of_the_hosts_cards() -> None:
    spec = spec_of(gpu="auto")
    for vendor, tag in (("none", "server"), ("amd", "server-rocm")):
        answers = {"main": CardsLock.model_validate({"vendor": vendor})}
        assert f"ghcr.io/ggml-org/llama.cpp:{tag}" in image_sources(answered(spec, answers))


def test_it_gets_the_card_and_the_layers_that_were_chosen() -> None:
    assert [device.host_path for device in service().host_devices][:2] == ["/dev/nvidia0", "/dev/nvidia1"]
    assert "--n-gpu-layers" not in service().argv
    argv = service(gpu_layers=12).argv
    assert argv[argv.index("--n-gpu-layers") + 1] == "12"
    with pytest.raises(ValidationError, match="has no effect on the CPU; write `gpu: auto`"):
        spec_of(gpu_layers=12)


def test_an_engine_on_the_cpu_is_as_it_was_before_there_were_cards() -> None:
    plain = service(gpu="none")
    assert (plain.devices, plain.groups, plain.environment) == ((), (), ())
    assert set(plain.facts) == {"model", "context_length", "key"}
    with pytest.raises(pytest.skip.Exception, match="no card"):
        verify.test_computes_on_its_card(plain, Told(ALL))


def test_the_layers_of_the_last_start_count() -> None:
    assert offloaded(ALL + "load_tensors: offloaded 3/29 layers to GPU\n") == (3, 29)
    assert offloaded(LOADED) is None


@pytest.mark.parametrize(("text", "fields"), [(ALL, {}), ("offloaded 12/29 layers to GPU", {"gpu_layers": 12})])
def test_a_model_that_lies_on_the_card_as_planned_is_as_planned(text: str, fields: dict[str, Any]) -> None:
    verify.test_computes_on_its_card(service(**fields), Told(text))


@pytest.mark.parametrize("text", ["load_tensors: offloaded 0/29 layers to GPU\n", LOADED])
def test_an_engine_that_fell_back_to_the_cpu_is_told(text: str) -> None:
    with pytest.raises(NotAsPlannedError, match="computes on the CPU"):
        verify.test_computes_on_its_card(service(), Told(text))


def test_a_model_larger_than_its_card_is_told_and_undoes_no_apply() -> None:
    with pytest.raises(pytest.skip.Exception, match="9 of 29 layers"):
        verify.test_computes_on_its_card(service(), Told("offloaded 9/29 layers to GPU"))
    with pytest.raises(pytest.skip.Exception, match="too long to say"):
        verify.test_computes_on_its_card(service(), Told("a log that begins after its start"))
