"""The causes of a container's recreation, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.hosts.observation.observe import read_observation
from deploy.plan import make_plan
from deploy.plan.services import service_operations
from tests.documents import with_keys
from tests.golden.hosts import settled
from tests.golden.plans_of import PLANS, desired_of


def test_a_digest_that_another_kit_counted_is_a_cause_in_words(tmp_path: Path) -> None:
    share = desired_of(PLANS / "settled/kit.yaml", tmp_path)
    host = read_observation(settled(share))
    released = {name: parts | {"digest": "counted otherwise"} for name, parts in share.bundle.services.items()}
    before = with_keys(share.bundle.manifest, services=released)
    labels = {"kit.digest": "counted otherwise"}
    services = {name: replace(one, labels=one.labels | labels) for name, one in host.services.items()}
    operations = service_operations(share.deployment, share.bundle, replace(host, manifest=before, services=services))
    assert {one.cause for one in operations} == {"created by another version of kit"}


@pytest.mark.parametrize("recipe", [None, "0" * 64])
def test_an_image_of_somebody_elses_under_the_name_of_the_kits_is_made_anew(tmp_path: Path, recipe: str | None) -> None:
    wanted = desired_of(PLANS / "settled" / "kit.yaml", tmp_path)
    seen = read_observation(settled(wanted))
    reference = wanted.deployment.service("litellm").image.reference
    images = {**seen.images, reference: replace(seen.images[reference], recipe=recipe)}
    plan = make_plan(wanted.deployment, wanted.bundle, replace(seen, images=images))
    assert [(one.action, one.resource, one.cause) for one in plan.operations] == [
        ("build", "image litellm", "another image has its name"),
        ("recreate", "service litellm", "another image has the name of its image"),
    ]


def test_an_image_of_somebody_elses_under_the_name_of_a_pulled_one_is_pulled_again(tmp_path: Path) -> None:
    wanted = desired_of(PLANS / "ollama_without_models" / "kit.yaml", tmp_path)
    service = next(one for one in wanted.deployment.services if one.image.source == "pull")
    seen = read_observation(settled(wanted))
    assert make_plan(wanted.deployment, wanted.bundle, seen).operations == ()
    other = replace(seen.images[service.image.reference], is_brought=False)
    images = {**seen.images, service.image.reference: other}
    plan = make_plan(wanted.deployment, wanted.bundle, replace(seen, images=images))
    assert [(one.action, one.resource, one.cause) for one in plan.operations] == [
        ("pull", f"image {service.kind}", "another image has its name"),
        ("recreate", f"service {service.name}", "another image has the name of its image"),
    ]


def test_a_trial_that_a_killed_apply_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    wanted = desired_of(PLANS / "settled" / "kit.yaml", tmp_path)
    seen = read_observation(settled(wanted))
    left = {"litellm.trial": seen.services["litellm"]}
    plan = make_plan(wanted.deployment, wanted.bundle, replace(seen, services={**seen.services, **left}))
    assert [(one.action, one.resource, one.cause) for one in plan.operations] == [
        ("remove", "service litellm.trial", "a trial of litellm that was interrupted"),
    ]
