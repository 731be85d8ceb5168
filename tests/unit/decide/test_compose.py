"""A service's digest: what it counts, and what it leaves out."""

from __future__ import annotations

from pathlib import Path

from deploy.decide.compose import block_digest, service_block
from deploy.deployment.document import read, written
from deploy.deployment.folders import Owner
from deploy.deployment.host import Deployment
from deploy.deployment.image import Image
from deploy.deployment.service import Device, DeviceRequest, Service
from deploy.verify.docker.rendered import read_compose
from tests.golden.plans_of import PLANS, desired_of

FRESH = PLANS / "fresh_machine"
FIRST = {
    "main": "79345c277ab29c8795bf193ab39fa4c6b1a6ea248252a8113396e285ead2e4a0",
    "litellm": "34d8a77490446deedb23d86f107d91a09406589ad08e7facf2e5ae7d918b0778",
    "open_webui": "abccf1a98850c507ce446dae748391f0b0a8fd30fef488e70941941c15785b8d",
}
"""Labels of the containers that an earlier kit made of the same kit.yaml and kit.lock."""


def test_a_container_of_an_earlier_kit_has_the_digest_of_today(tmp_path: Path) -> None:
    services = desired_of(FRESH / "kit.yaml", tmp_path).bundle.services
    assert {name: service["digest"] for name, service in services.items()} == FIRST


def test_how_often_health_is_asked_recreates_no_container_but_another_question_does() -> None:
    block = read_compose((FRESH / "expected/compose.yaml").read_text())["services"]["main"]
    health = block["healthcheck"]
    rarer = {**block, "healthcheck": {**health, "interval": "300s", "retries": 9}}
    other = {**block, "healthcheck": {**health, "test": ["CMD", "true"]}}
    assert block_digest(rarer) == block_digest(block) != block_digest(other)


def test_a_request_for_cards_is_reserved_as_composes_of_every_age_read_it_and_read_back_from_the_release() -> None:
    chosen = DeviceRequest("nvidia", "nvidia", "", device_ids=("GPU-1",))
    devices = (Device("/dev/kfd", "/dev/kfd", ""), DeviceRequest("nvidia", "nvidia", ""), chosen)
    service = Service("main", "ollama", Image("kit/main:1", "pull", "1", 1), (), Owner(1, 1), devices=devices)
    block = service_block(Deployment("home", (service,), ()), service, ())
    assert block["devices"] == ["/dev/kfd:/dev/kfd"]
    assert block["deploy"]["resources"]["reservations"]["devices"] == [
        {"driver": "nvidia", "capabilities": ["gpu"], "count": "all"},
        {"driver": "nvidia", "capabilities": ["gpu"], "device_ids": ["GPU-1"]},
    ]
    assert read(Service, written(Service, service)) == service
