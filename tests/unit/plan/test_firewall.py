"""Words of a plan about the rules that close the way to containers' own addresses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.phases.needed import steps_of
from deploy.apply.phases.phase import VerbStep
from deploy.deployment.host import Deployment
from deploy.hosts.observation.network import Firewall
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.plan import make_plan
from deploy.plan.firewall import firewall_advice, firewall_operations, firewall_refusals
from tests.golden.hosts import bare, settled
from tests.golden.plans_of import PLANS, desired_of

WHY = "Docker 20.10.24 lets other machines reach containers' own addresses"
PLACED = Firewall(has_networks=True, is_placed=True)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return desired_of(PLANS / "settled/kit.yaml", tmp_path).deployment


@pytest.fixture
def older(tmp_path: Path) -> Observation:
    """A host that was applied, with a Docker that forwards."""
    answer = settled(desired_of(PLANS / "settled/kit.yaml", tmp_path))
    answer["docker"]["forwards"] = True
    return read_observation(answer)


def told(deployment: Deployment, host: Observation, firewall: Firewall) -> list[tuple[str, str]]:
    seen = replace(host, network=replace(host.network, firewall=firewall))
    return [(one.action, one.cause) for one in firewall_operations(deployment, seen)]


def test_a_host_as_it_should_be_needs_nothing(deployment: Deployment, older: Observation) -> None:
    assert told(deployment, older, PLACED) == []


@pytest.mark.parametrize(
    ("firewall", "action", "cause"),
    [
        (Firewall(), "create", WHY),
        (replace(PLACED, is_placed=False, missing=("kit-home_inner",)), "create", None),
        (replace(PLACED, missing=("kit-home_inner",)), "change", f"{WHY}, and nothing drops those to kit-home_inner"),
        (replace(PLACED, at_boot="differs"), "change", "the next boot would not place them as they are"),
    ],
)
def test_a_difference_is_told_with_its_cause(
    deployment: Deployment, older: Observation, firewall: Firewall, action: str, cause: str | None
) -> None:
    ((found, why),) = told(deployment, older, firewall)
    assert found == action
    assert cause is None or why == cause


def test_the_operation_leads_to_its_step(deployment: Deployment, older: Observation, tmp_path: Path) -> None:
    seen = replace(older, network=replace(older.network, firewall=replace(PLACED, at_boot="differs")))
    plan = make_plan(deployment, desired_of(PLANS / "settled/kit.yaml", tmp_path).bundle, seen)
    assert [one.resource for one in plan.operations] == ["firewall rules"]
    assert steps_of(deployment, seen, plan) == {VerbStep("firewall")}


def test_a_docker_that_closes_the_way_itself_needs_none(deployment: Deployment, older: Observation) -> None:
    newer = replace(older, docker=replace(older.docker, version="28.3.3", forwards=False))
    assert told(deployment, newer, Firewall()) == []
    assert told(deployment, newer, Firewall(is_placed=True)) == [("remove", "Docker 28.3.3 drops such packets itself")]


@pytest.mark.parametrize(
    ("system", "docker", "is_told"),
    [
        ({"codename": "bookworm"}, {}, True),
        ({"id": "ubuntu", "codename": "noble"}, {}, False),
        ({}, {"engine_path": "/usr/sbin/dockerd", "version": "26.1.5+dfsg1"}, True),
        ({}, {"engine_path": "/usr/sbin/dockerd", "version": "28.3.3"}, False),
    ],
)
def test_a_host_without_a_running_docker_is_judged_by_the_one_that_will_run(
    tmp_path: Path, system: dict[str, Any], docker: dict[str, Any], is_told: bool
) -> None:
    share = desired_of(PLANS / "fresh_machine/kit.yaml", tmp_path)
    answer = bare(share)
    answer |= {"os": answer["os"] | system, "docker": answer["docker"] | docker}
    host = read_observation(answer)
    causes = [cause for _, cause in told(share.deployment, host, Firewall())]
    assert causes == (["Docker before 28 lets other machines reach containers' own addresses"] if is_told else [])


def test_nothing_is_told_while_docker_is_down_under_a_release(deployment: Deployment, older: Observation) -> None:
    down = replace(older, docker=replace(older.docker, server=False, engine_path="/usr/sbin/dockerd"))
    assert told(deployment, down, Firewall(is_placed=True)) == []


def test_a_host_that_can_have_no_rule_is_refused(deployment: Deployment, older: Observation) -> None:
    broken = replace(PLACED, problem="this host has no iptables", next="install the package iptables")
    seen = replace(older, network=replace(older.network, firewall=broken))
    assert list(firewall_refusals(deployment, seen)) == [
        (
            f"{WHY}, and no rule against it can be placed: this host has no iptables",
            "install the package iptables, or upgrade Docker to 28 or newer, which needs none",
        )
    ]
    assert not list(firewall_refusals(deployment, replace(seen, root=False)))


def test_the_limit_of_a_host_without_a_scheduler_is_told(older: Observation) -> None:
    seen = replace(older, network=replace(older.network, firewall=replace(PLACED, at_boot="never")))
    (line,) = firewall_advice(seen)
    assert line.startswith("the firewall rules last until this machine boots")
    assert not list(firewall_advice(older))
