"""An image that is pulled is planned as such, once for all services that share it, with what it weighs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.deployment.host import Deployment
from deploy.deployment.image import Image
from deploy.hosts.observation.observe import read_observation
from deploy.plan.estimate import estimate
from deploy.plan.host import input_operations
from tests.documents import with_keys
from tests.golden.hosts import bare
from tests.golden.plans_of import PLANS, desired_of

GIB = 2**30


@pytest.fixture
def pulled(tmp_path: Path) -> tuple[Deployment, Any]:
    """Two engines on one pulled image, and a bare host's answer."""
    wanted = desired_of(PLANS / "settled" / "kit.yaml", tmp_path)
    engine = wanted.deployment.services[0]
    image = Image(f"kit/{engine.kind}:{'a' * 64}", "pull", "a" * 64, 2 * GIB)
    services = (replace(engine, image=image), replace(engine, name="second", image=image))
    return replace(wanted.deployment, services=services, models=()), bare(wanted)


def test_a_shared_image_is_pulled_once_and_counted_once(pulled: tuple[Deployment, Any]) -> None:
    deployment, answer = pulled
    (operation,) = [one for one in input_operations(deployment, read_observation(answer)) if one.step == "images"]
    assert (operation.action, operation.resource) == ("pull", f"image {deployment.services[0].kind}")
    assert estimate(deployment, (operation,)).download_bytes == 2 * GIB
    assert estimate(deployment, (operation,)).disk_bytes == 5 * GIB


def test_another_digest_is_a_cause_of_its_own_where_this_stack_had_one(
    pulled: tuple[Deployment, Any],
) -> None:
    deployment, answer = pulled
    older = f"kit/{deployment.services[0].kind}:{'b' * 64}"
    seen = read_observation(with_keys(answer, images={older: {"id": "sha256:1"}}))
    seen = replace(seen, docker=replace(seen.docker, server=True, version="20.10.24"))
    manifest: Any = {"services": {"main": {"image": older}}}
    own = replace(seen, release="r", manifest=manifest)
    assert [one.cause for one in input_operations(deployment, own) if one.step == "images"] == [
        "another digest is locked"
    ]
    # The image is another stack's.
    assert [one.cause for one in input_operations(deployment, seen) if one.step == "images"] == ["not on host"]
