"""An apply on a host whose card vanished: its engine is left as it is, and the rest of the host changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.agent.releases.rollback import touched
from deploy.apply.phases.needed import steps_of
from deploy.apply.phases.phase import VerbStep
from deploy.apply.prepared.members import Member
from deploy.apply.prepared.prepare import Prepared
from deploy.apply.requests.inputs import sync_request
from deploy.apply.requests.releases import converge_request
from deploy.decide.desired import Share
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.plan import Plan, make_plan
from tests.golden.hosts import bare, merged, settled
from tests.golden.plans_of import PLANS, desired_of
from tests.unit.refusing import Refusing

CASE = PLANS / "nvidia_card_vanished"


@pytest.fixture
def vanished(tmp_path: Path) -> tuple[Share, Observation, Plan]:
    """The plan of the golden case."""
    wanted = desired_of(CASE / "kit.yaml", tmp_path)
    answer = settled(desired_of(CASE / "before.yaml", tmp_path))
    answer["folders"] = {**bare(wanted)["folders"], **answer["folders"]}
    observation = read_observation(merged(answer, {"cards": []}))
    return wanted, observation, make_plan(wanted.deployment, wanted.bundle, observation)


def test_the_engine_is_neither_made_nor_waited_for(vanished: tuple[Share, Observation, Plan]) -> None:
    share, observation, plan = vanished
    assert (plan.left, plan.refusals, plan.touched_services) == (("lost",), (), ("spare",))
    request = converge_request(Member(share, Refusing(), Prepared(plan, observation)), "run-1")
    assert {name: service["action"] for name, service in request["services"].items()} == {
        "lost": "leave",
        "spare": "create",
    }
    assert list(touched(request)) == ["spare"]
    assert VerbStep("sync", "ollama") in steps_of(share.deployment, observation, plan)
    synced = sync_request(share.deployment, "ollama", "run-1", plan.left)
    assert [engine["name"] for engine in synced["engines"]] == ["spare"]


def test_an_engine_whose_card_was_never_there_is_refused(vanished: tuple[Share, Observation, Plan]) -> None:
    share, observation, _ = vanished
    new = replace(observation, good=None)
    plan = make_plan(share.deployment, share.bundle, new)
    assert plan.left == ()
    assert [problem for problem, _ in plan.refusals] == ["lost needs a card of nvidia, and this machine has none"]
