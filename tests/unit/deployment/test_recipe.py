from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest

from deploy.deployment.recipe import Recipe, Wheel, image_request, recipe_digest
from deploy.lock.image_sources import image_sources
from deploy.spec.loading.loader import load_spec
from tests.tree import REPOSITORY

RECIPE = Recipe(kind="thing", suite="bookworm", debian=("python3", "ca-certificates"), python="3.11")
WHEELS = (Wheel("b", "1", "b-1-py3-none-any.whl", "2" * 64, 10), Wheel("a", "1", "a-1-py3-none-any.whl", "1" * 64, 10))
PLATFORM = "linux/amd64"
QUICKSTART = REPOSITORY / "inventories/quickstart/kit.yaml"


def test_a_digest_does_not_depend_on_the_order_in_which_things_are_named() -> None:
    turned = dataclasses.replace(RECIPE, debian=tuple(reversed(RECIPE.debian)))
    assert recipe_digest(RECIPE, WHEELS, PLATFORM) == recipe_digest(turned, tuple(reversed(WHEELS)), PLATFORM)


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(RECIPE, suite="trixie"),
        dataclasses.replace(RECIPE, debian=("python3",)),
        dataclasses.replace(RECIPE, environment={"LANG": "C"}),
        dataclasses.replace(RECIPE, kind="other"),
        dataclasses.replace(RECIPE, bytecode=("thing",)),
    ],
)
def test_whatever_goes_in_changes_the_digest(other: Recipe) -> None:
    assert recipe_digest(other, WHEELS, PLATFORM) != recipe_digest(RECIPE, WHEELS, PLATFORM)


def test_another_wheel_or_platform_changes_the_digest() -> None:
    digests = {
        recipe_digest(RECIPE, WHEELS, PLATFORM),
        recipe_digest(RECIPE, WHEELS[:1], PLATFORM),
        recipe_digest(RECIPE, WHEELS, "linux/arm64"),
    }
    assert len(digests) == 3


def test_a_digest_is_the_same_under_every_hash_seed() -> None:
    code = (
        "from pathlib import Path\n"
        "from deploy.lock.image_sources import image_sources\n"
        "from deploy.deployment.recipe import recipe_digest\n"
        "from deploy.spec.loading.loader import load_spec\n"
        f"sources = image_sources(load_spec(Path({str(QUICKSTART)!r}))).values()\n"
        "print([recipe_digest(source, (), 'linux/amd64') for source in sources])"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


def test_the_agent_is_asked_for_the_tag_that_carries_the_digest() -> None:
    asked = image_request(RECIPE, WHEELS, PLATFORM)
    assert asked["tag"] == f"kit/thing:{recipe_digest(RECIPE, WHEELS, PLATFORM)}"
    assert [wheel["name"] for wheel in asked["wheels"]] == ["a", "b"]
    assert json.loads(json.dumps(asked)) == {**asked, "debian": list(asked["debian"])}


def test_rooms_with_wheels_share_one_root_filesystem() -> None:
    recipes = [source for source in image_sources(load_spec(QUICKSTART)).values() if isinstance(source, Recipe)]
    assert len({(recipe.suite, recipe.debian) for recipe in recipes if recipe.python}) == 1
