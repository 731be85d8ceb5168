"""`kit status` names containers from outside that reach into the stack."""

from __future__ import annotations

from pathlib import Path

from deploy.cli.told.drift import drift
from deploy.hosts.observation.observe import read_observation
from tests.golden.hosts import merged, settled
from tests.golden.plans_of import PLANS, desired_of


def test_a_container_on_the_stacks_network_is_drift(tmp_path: Path) -> None:
    answer = settled(desired_of(PLANS / "settled" / "kit.yaml", tmp_path))
    assert drift(read_observation(answer)) == ()
    way = {"container": "spy", "way": "joins", "into": "kit-home_inner"}
    assert drift(read_observation(merged(answer, {"attached": [way]}))) == (
        "container spy, which is not the stack's, is on the stack's network kit-home_inner",
    )
