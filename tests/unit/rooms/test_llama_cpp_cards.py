"""A llama.cpp engine on a graphics card: its image, its devices, and what its log says of the layers there.

The log lines are llama.cpp's own (src/llama-model.cpp and tools/server/server.cpp).
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.components.llama_cpp import verify
from deploy.components.llama_cpp.cards import Layers, offloaded
from deploy.decide.resolve import resolve
from deploy.deployment.service import Service
from deploy.fit.share import Share, Unknown
from deploy.lock.gpus import answered
from deploy.lock.image_sources import image_sources
from deploy.lock.model import CardsLock
from deploy.spec.model import Spec
from deploy.stack import HERE
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.containers import Containers
from tests.locks import lock_of
from tests.unit.rooms.predicted import BUSY, NO_ROOM, NOBODY_KNOWS, PART, WHOLE, Predicted

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
        checked(ALL, gpu="none")


def test_the_layers_of_the_last_start_count() -> None:
    assert offloaded(ALL + "load_tensors: offloaded 3/29 layers to GPU\n") == Layers(3, 29)
    assert offloaded(LOADED) is None
    # Its own words of cards that have no room for all experts, as Ollama's test of them has them.
    fitted = "common_params_fit_impl:   - ROCm0 (AMD Radeon RX 6700 XT): 25 layers ( 5 overflowing),  11065 MiB used\n"
    again = "common_params_fit_impl:   - ROCm0 (AMD Radeon Pro W7900): 34 layers ( 0 overflowing),  32765 MiB used\n"
    sparse = fitted + "load_tensors: offloaded 25/25 layers to GPU\n"
    assert offloaded(sparse) == Layers(25, 25, 5)
    assert offloaded(sparse + again + "load_tensors: offloaded 34/34 layers to GPU\n") == Layers(34, 34)


def checked(text: str, share: Share | Unknown = NOBODY_KNOWS, **fields: Any) -> list[str]:
    """Return the figures of the check."""
    told: list[str] = []
    verify.test_computes_on_its_card(service(**fields), Told(text), Predicted(share), told.append)
    return told


def layers(on_cards: int) -> str:
    return f"load_tensors: offloaded {on_cards}/29 layers to GPU\n"


@pytest.mark.parametrize(
    ("text", "share", "fields", "figures"),
    [
        (ALL, NOBODY_KNOWS, {}, "29 of 29 layers lie on the card"),
        (ALL, WHOLE, {}, "29 of 29 layers lie on the card; predicted: all of it"),
        (layers(12), PART, {}, "12 of 29 layers lie on the card; predicted: 30 to 50 %"),
        (layers(20), PART, {}, "20 of 29 layers lie on the card; predicted: 30 to 50 %"),
        (
            layers(10),
            BUSY,
            {},
            "10 of 29 layers lie on the card; predicted: 90 to 100 %, or 30 % and more beside other programs",
        ),
        (layers(12), WHOLE, {"gpu_layers": 12}, "12 of 29 layers lie on the card, as `gpu_layers` says"),
        (ALL, PART, {"gpu_layers": 99}, "29 of 29 layers lie on the card, as `gpu_layers` says"),
    ],
)
def test_a_model_that_lies_on_the_card_as_predicted_is_told_with_both_figures(
    text: str, share: Share | Unknown, fields: dict[str, Any], figures: str
) -> None:
    assert checked(text, share, **fields) == [figures]


@pytest.mark.parametrize(
    ("text", "share", "fields", "words"),
    [
        (layers(0), WHOLE, {}, "computes on the CPU: none of 29 layers lie on the card"),
        (layers(0), NOBODY_KNOWS, {}, "computes on the CPU"),
        (layers(0), NO_ROOM, {"gpu_layers": 12}, "computes on the CPU"),
        (layers(8), BUSY, {}, "90 to 100 %, or 30 % and more beside other programs; another program may hold"),
        (LOADED, PART, {}, "computes on the CPU: its log tells of no layer on a card"),
        (layers(28), WHOLE, {}, "28 of 29 layers lie on the card; predicted: all of it; another program may hold"),
        (layers(28), WHOLE, {}, "which `nvidia-smi` lists on the host"),
        (layers(8), PART, {}, "8 of 29 layers lie on the card; predicted: 30 to 50 %; another program may hold"),
        (layers(9), WHOLE, {"gpu_layers": 12}, "9 of 29 layers lie on the card; `gpu_layers` is 12; `kit logs main`"),
        (ALL, PART, {"gpu_layers": 12}, "29 of 29 layers lie on the card; `gpu_layers` is 12"),
        (
            f"25 layers ( 5 overflowing)\n{ALL}",
            WHOLE,
            {},
            "29 layers lie on the card, 5 of them without the weights of",
        ),
    ],
)
def test_less_on_the_card_than_predicted_is_red_with_both_figures_and_the_next_step(
    text: str, share: Share | Unknown, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(NotAsPlannedError, match=re.escape(words)):
        checked(text, share, **fields)


@pytest.mark.parametrize("share", [PART, BUSY])
def test_experts_on_the_cpu_are_not_compared_where_the_card_may_be_too_small(share: Share) -> None:
    with pytest.raises(pytest.skip.Exception, match="5 of them without the weights of their experts, the rest is"):
        checked(f"25 layers ( 5 overflowing)\n{ALL}", share)


def test_no_layer_on_the_card_undoes_no_apply_where_no_layer_is_sure_to_fit() -> None:
    with pytest.raises(pytest.skip.Exception, match="none of 29 layers lie on the card: the memory of the card may be"):
        checked(layers(0), NO_ROOM)


def test_a_part_without_a_prediction_is_told_with_the_reason_and_undoes_no_apply() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"9 of 29 layers .* not compared with a prediction: nobody knows"):
        checked(layers(9))
    with pytest.raises(pytest.skip.Exception, match="too long to say"):
        checked("a log that begins after its start")
