"""An Ollama on a graphics card: what it gets for it, and what its log and its API say of whether it uses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.components.ollama import verify
from deploy.components.ollama.cards import cards_found, troubles_of
from deploy.decide.images import image_requests
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.fit.share import Share, Unknown
from deploy.lock.image_sources import image_sources
from deploy.lock.missing import missing_inputs
from deploy.lock.model import PulledImageLock
from deploy.lock.pinning import make_lock
from deploy.reference import DEFAULT_IMAGE_HOST
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.checks_stack import test_gets_only_the_planned_devices as gets_only_the_planned_devices
from deploy.verify.containers import Containers
from deploy.verify.secrets import HostSecrets
from deploy.verify.web import Web
from tests.little_registry import LittleRegistry, manifest
from tests.locks import lock_of
from tests.unit.agent.engines.scripted import Asked, Scripted, scripted
from tests.unit.played import evidence_of
from tests.unit.rooms.predicted import NOBODY_KNOWS, Predicted
from tests.unit.rooms.test_ollama import TECH, engine, spec_of

GIB = 2**30
START = (
    'time=2026-11-21T12:04:42.837Z level=INFO source=routes.go:1951 msg="server config" env="map[OLLAMA_DEBUG:INFO]"'
)
LOOKING = 'time=2026-11-21T12:04:42.840Z level=INFO source=runner.go:60 msg="discovering available GPUs..."'
# As 0.32.15 wrote it on a machine without a card; the others have its form, and the words of the engine's source.
ON_CPU = (
    'time=2026-11-21T12:04:42.983Z level=INFO source=types.go:50 msg="inference compute" id=cpu library=cpu compute=""'
    ' name=cpu description=cpu libdirs=ollama driver="" pci_id="" type="" total="23.5 GiB" available="22.1 GiB"'
)
ON_CARD = (
    'time=2026-11-21T12:04:43.983Z level=INFO source=types.go:42 msg="inference compute" id=0 library=ROCm'
    ' compute=gfx1100 name=ROCm0 description="AMD Radeon RX 7900 XTX" libdirs=ollama,rocm driver=70253.21'
    ' pci_id=0000:03:00.0 type=discrete total="24.0 GiB" available="23.9 GiB"'
)
OLD_CARD = ON_CARD.replace("library=ROCm", 'library=rocm variant=""')
DROPPED = (
    'time=2026-11-21T12:04:43.900Z level=WARN source=amd.go:474 msg="dropping ROCm device — no rocblas support for gfx'
    ' target" device=ROCm0 gfx_target=gfx1032 supported=map[gfx1030:true]'
)
INTEGRATED = (
    'time=2026-11-21T12:04:43.900Z level=INFO source=runner.go:310 msg="dropping integrated GPU; to enable, set'
    ' OLLAMA_IGPU_ENABLE=1" id=0 library=ROCm compute=gfx1036'
)
OUTDATED = (
    'time=2026-11-21T12:04:43.900Z level=WARN source=cuda_compat.go:70 msg="NVIDIA driver too old" device=CUDA0'
    ' driver=535 required_driver="550 or newer"'
)
HUNG = (
    'time=2026-11-21T12:05:12.900Z level=WARN source=runner.go:390 msg="llama-server GPU discovery watchdog timed out"'
)


OTHERS = [
    {"name": "finder:latest", "size": GIB, "size_vram": GIB},
    {"name": "slow:latest", "size": GIB, "size_vram": 0},
]
"""Further models in its memory, on the card and not."""


def log(*lines: str) -> str:
    return "\n".join((START, LOOKING, *lines, 'level=INFO msg="vram-based default context" default_num_ctx=4096'))


class Told(Containers):
    """Containers whose log and inspection are given."""

    def __init__(self, text: str = "", **limits: Any) -> None:
        self.text = text
        self.limits = limits

    def logs(self, _service: Service) -> str:
        """Return what the engine wrote."""
        return self.text

    def of(self, _service: Service) -> dict[str, Any]:
        """Return what Docker would say."""
        return {"HostConfig": self.limits}


def test_an_amd_engine_gets_the_card_the_groups_and_nothing_else() -> None:
    service = engine(gpu="amd", gpu_groups=[992, 44, 992]).service
    assert [device.host_path for device in service.host_devices] == ["/dev/kfd", "/dev/dri"]
    assert service.groups == (44, 992)
    assert service.capabilities == ()
    assert service.read_only
    assert service.owner.uid != 0
    assert (engine().service.devices, engine().service.groups) == ((), ())


@pytest.mark.parametrize(
    ("fields", "reference"),
    [
        ({}, "ollama/ollama:0.32.15"),
        ({"gpu": "none"}, "ollama/ollama:0.32.15"),
        ({"gpu": "amd"}, "ollama/ollama:0.32.15-rocm"),
        ({"gpu": "amd", "version": "0.31.0"}, "ollama/ollama:0.31.0-rocm"),
        ({"gpu": "amd", "image": "registry.lan:5000/own:1"}, "registry.lan:5000/own:1"),
        ({"image": "ollama/ollama:0.31.0-rocm"}, "ollama/ollama:0.31.0-rocm"),
    ],
)
def test_its_image_is_the_one_for_its_card_and_is_locked_under_its_own_name(
    fields: dict[str, Any], reference: str
) -> None:
    spec = spec_of(**fields)
    assert list(image_sources(spec)) == [reference, "litellm"]
    unlocked = lock_of(spec).model_copy(update={"images": lock_of(spec_of(version="0.20.0")).images})
    assert [problem.path for problem in missing_inputs(spec, unlocked)] == [f"images.{reference}"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("gpu_overhead", "1GiB"),
        ("sched_spread", False),
        ("llm_library", "cuda_v13"),
        ("llm_library", "vulkan"),
        ("devices", ["0"]),
        ("gpu_groups", [44]),
        ("igpu_enable", True),
        ("hsa_override_gfx_version", "10.3.0"),
    ],
)
def test_what_only_a_card_reads_is_refused_on_the_cpu(field: str, value: Any) -> None:
    with pytest.raises(
        ValidationError, match=rf"{field}\n  has no effect on the CPU; write `gpu: auto`, or leave it out"
    ):
        spec_of(**{field: value})


@pytest.mark.parametrize(
    ("image", "right"),
    [
        ("ollama/ollama:0.32.15", "ollama/ollama:0.32.15-rocm"),
        (f"{DEFAULT_IMAGE_HOST}/ollama/ollama:0.33.0-rc1", "ollama/ollama:0.33.0-rc1-rocm"),
        ("ollama/ollama:latest", "ollama/ollama:rocm"),
    ],
)
def test_an_image_of_ollamas_own_without_what_the_card_needs_is_refused_with_the_one_that_has_it(
    image: str, right: str
) -> None:
    with pytest.raises(ValidationError, match=f"{image} has no ROCm inside, which AMD's cards need; write {right} "):
        spec_of(gpu="amd", image=image)
    assert spec_of(image=image).engines[0].name == "main"
    assert next(iter(image_sources(spec_of(gpu="amd", image=right)))) == right


@pytest.mark.parametrize(
    "image",
    ["registry.lan:5000/ollama/ollama:0.32.15", "own/ollama:0.32.15", f"ollama/ollama@sha256:{'0' * 64}"],
)
def test_an_image_whose_name_does_not_say_what_is_inside_is_taken_for_a_card(image: str) -> None:
    assert next(iter(image_sources(spec_of(gpu="amd", image=image)))) == image


@pytest.mark.parametrize("image", ["ollama/ollama:0.16.0", "registry.lan:5000/ollama:v0.16.0-rocm"])
def test_a_release_that_is_dangerous_is_refused_by_its_images_name_as_well(image: str) -> None:
    with pytest.raises(ValidationError, match=r"0\.16\.0 is older than 0\.17\.1: a crafted model file"):
        spec_of(image=image)


@pytest.mark.parametrize("image", ["ollama/ollama:0.17.1", "ollama/ollama:latest", "registry.lan:5000/own:0.1.0"])
def test_an_image_of_a_good_release_or_of_ones_own_counting_is_taken(image: str) -> None:
    assert next(iter(image_sources(spec_of(image=image)))) == image


def test_the_lock_pins_the_cards_image_and_the_host_pulls_it_by_its_digest(tmp_path: Path) -> None:
    with LittleRegistry().served() as registry:
        registry.put("ollama/ollama", "0.32.15", manifest(100))
        digest = registry.put("ollama/ollama", "0.32.15-rocm", manifest(50, 20))
        alone = spec_of(gpu="amd").model_copy(update={"gateway": None, "webui": None})
        spec = alone.model_copy(update={"mirrors": alone.mirrors.model_copy(update={"registry": registry.url})})
        lock = make_lock(spec, tmp_path, lambda _step: lambda _text, _done, _total: None)
    locked = lock.images["ollama/ollama:0.32.15-rocm"]
    assert isinstance(locked, PulledImageLock)
    assert (locked.source, f"sha256:{locked.digest}", locked.size) == ("pull", digest, 77)
    (request,) = image_requests(spec, lock)
    assert request.get("pull") == {"from": f"{registry.host}/ollama/ollama@{digest}", "size": 77}


def test_two_engines_on_a_card_and_on_none_have_an_image_each() -> None:
    both = [{"name": "cpu", "kind": "ollama"}, {"name": "amd", "kind": "ollama", "gpu": "amd", "port": 11435}]
    spec = spec_of().model_validate({"kit": 1, "stack": "home", "backup": None, "engines": tuple(both)})
    assert {"ollama/ollama:0.32.15", "ollama/ollama:0.32.15-rocm"} <= image_sources(spec).keys()


def test_the_last_start_in_the_log_is_the_one_that_counts() -> None:
    assert cards_found(log(ON_CARD)) == ["ROCm"]
    assert cards_found(log(OLD_CARD)) == ["rocm"]
    assert cards_found(f"{log(ON_CARD)}\n{log(ON_CPU)}") == ["cpu"]
    assert cards_found("[GIN] 200 GET /api/ps\n") == []
    assert troubles_of(f"{log(DROPPED, ON_CPU)}\n{log(HUNG, INTEGRATED, INTEGRATED, ON_CPU)}") == [
        "llama-server GPU discovery watchdog timed out",
        "dropping integrated GPU; to enable, set OLLAMA_IGPU_ENABLE=1",
    ]
    assert troubles_of(log(ON_CARD)) == []


@contextmanager
def answering(size_vram: int, name: str = "tech:latest", **fields: Any) -> Iterator[tuple[Service, Web, Scripted]]:
    loaded = {"models": [{"name": name, "size": 4 * GIB, "size_vram": size_vram}, *OTHERS]}
    answers = {"/api/generate": {"response": " Paris", "done": True}, "/api/ps": loaded}

    def play(asked: Asked) -> None:
        bodies.append(asked.body().decode())
        asked.tell(answers[asked.path])

    bodies: list[str] = []
    with scripted(play) as server:
        port = int(server.url.rpartition(":")[2])
        service = engine(TECH, port=port, gpu="amd", gpu_groups=[992], **fields).service
        yield service, Web(service, HostSecrets(evidence_of(Deployment("home", (service,), ())))), server
    # Where nothing is kept in memory it is kept for a look, and elsewhere as long as the spec says.
    assert ('"keep_alive"' in "".join(bodies)) is (fields.get("keep_alive") == "0s")


def checked(service: Service, text: str, web: Web, share: Share | Unknown = NOBODY_KNOWS) -> list[str]:
    """Return the figures of the check."""
    told: list[str] = []
    verify.test_computes_on_its_card(service, Told(text), web, Predicted(share), told.append)
    return told


@pytest.mark.parametrize("fields", [{}, {"keep_alive": "0s"}, {"keep_alive": "forever"}])
@pytest.mark.parametrize("text", [log(ON_CARD), log(OLD_CARD), "a log that begins after its start"])
def test_a_model_that_lies_on_the_card_is_as_planned(text: str, fields: dict[str, Any]) -> None:
    with answering(4 * GIB, **fields) as (service, web, server):
        checked(service, text, web)
        assert server.requests == ["POST /api/generate", "GET /api/ps"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((ON_CPU,), "computes on the CPU: its log says library=cpu; `debug: true` tells more in its log"),
        (
            (DROPPED, ON_CPU),
            "dropping ROCm device — no rocblas support for gfx target; `hsa_override_gfx_version` lets",
        ),
        ((INTEGRATED, ON_CPU), "set OLLAMA_IGPU_ENABLE=1; `igpu_enable: true` takes it"),
        ((OUTDATED, ON_CPU), "NVIDIA driver too old; update the card's driver"),
        ((HUNG, ON_CPU), "llama-server GPU discovery watchdog timed out; `debug: true`"),
    ],
)
def test_an_engine_that_fell_back_to_the_cpu_in_silence_is_told_with_its_own_reason(
    lines: tuple[str, ...], words: str
) -> None:
    with answering(0) as (service, web, server):
        with pytest.raises(NotAsPlannedError) as caught:
            checked(service, log(*lines), web)
        assert words in str(caught.value)
        assert server.requests == []


def test_a_model_of_which_nothing_lies_on_the_card_is_told_whatever_the_log_says() -> None:
    with answering(0) as (service, web, _), pytest.raises(NotAsPlannedError, match="nothing of tech lies on the card"):
        checked(service, log(ON_CARD), web)
    with answering(GIB, "other") as (service, web, _), pytest.raises(NotAsPlannedError, match="is not in memory"):
        checked(service, log(ON_CARD), web)


def test_without_a_card_or_a_model_for_it_there_is_nothing_to_ask() -> None:
    nobody = Web(engine().service, HostSecrets(evidence_of(Deployment("home", (), ()))))
    with pytest.raises(pytest.skip.Exception, match="gives it no card"):
        checked(engine(TECH).service, log(ON_CPU), nobody)
    bare = engine(gpu="amd").service
    checked(bare, log(ON_CARD), nobody)
    with pytest.raises(pytest.skip.Exception, match="no model to try"):
        checked(bare, "nothing of its start", nobody)


def test_a_container_has_the_planned_devices_and_groups_alone() -> None:
    service = engine(gpu="amd", gpu_groups=[992]).service
    given = [{"PathOnHost": "/dev/kfd"}, {"PathOnHost": "/dev/dri"}]
    gets_only_the_planned_devices(service, Told(Devices=given, GroupAdd=["992"], DeviceRequests=None))
    gets_only_the_planned_devices(engine().service, Told(Devices=None, GroupAdd=None))
    with pytest.raises(NotAsPlannedError, match="devices: missing /dev/dri"):
        gets_only_the_planned_devices(service, Told(Devices=given[:1], GroupAdd=["992"]))
    with pytest.raises(NotAsPlannedError, match="devices: not planned: /dev/kfd"):
        gets_only_the_planned_devices(engine().service, Told(Devices=given[:1]))
    with pytest.raises(NotAsPlannedError, match="further groups: not planned: 999"):
        gets_only_the_planned_devices(service, Told(Devices=given, GroupAdd=["992", "999"]))
    with pytest.raises(NotAsPlannedError, match="cards of Docker's drivers: not planned: "):
        gets_only_the_planned_devices(engine().service, Told(DeviceRequests=[{"Driver": "nvidia"}]))
