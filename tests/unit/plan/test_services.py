"""The causes of a container's recreation, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploy.hosts.observe import read_observation
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
