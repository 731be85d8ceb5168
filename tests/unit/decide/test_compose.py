"""A service's digest: what it counts, and what it leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deploy.decide.compose import block_digest, service_block
from deploy.deployment.document import read, written
from deploy.deployment.folders import Owner
from deploy.deployment.host import Deployment
from deploy.deployment.image import Image
from deploy.deployment.service import Device, DeviceRequest, Service
from deploy.verify.docker.rendered import read_compose
from tests.golden.plans_of import PLANS, desired_of

GOLDEN = PLANS.parent
FRESH = PLANS / "fresh_machine"
EARLIER = yaml.safe_load((GOLDEN / "digests_of_an_earlier_kit.yaml").read_text())


@pytest.mark.parametrize("case", EARLIER)
def test_a_container_of_an_earlier_kit_has_the_digest_of_today(case: str, tmp_path: Path) -> None:
    services = desired_of(PLANS / case / "kit.yaml", tmp_path).bundle.services
    assert {name: service["digest"] for name, service in services.items()} == EARLIER[case]


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
