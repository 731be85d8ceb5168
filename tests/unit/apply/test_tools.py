"""What assembles and unpacks is brought to a host only where images or models ask for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.apply.tools import UNPACKING, image_tools_variables, packages_for
from deploy.deployment import Deployment, Fetch
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
