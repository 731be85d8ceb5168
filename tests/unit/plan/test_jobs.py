"""Jobs in the host's scheduler beside those of the release."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.apply.phases.needed import steps_of
from deploy.apply.phases.phase import VerbStep, phases_of
from deploy.decide.render import render
from deploy.deployment.bundle import Bundle
from deploy.deployment.host import Deployment
from deploy.deployment.jobs import Job, Schedule
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.plan import make_plan
from deploy.plan.jobs import job_operations
from tests.golden.hosts import settled
from tests.golden.plans_of import PLANS, desired_of

TIDY = Job("tidy", "Tidies up", "collect", Schedule(daily_at="02:05"), {"keep": [], "model_folders": []})
SERVICE, TIMER = "kit-home.tidy.service", "kit-home.tidy.timer"


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return replace(desired_of(PLANS / "settled/kit.yaml", tmp_path).deployment, jobs=(TIDY,))


@pytest.fixture
def bundle(deployment: Deployment) -> Bundle:
    return render(deployment)


@pytest.fixture
def host(tmp_path: Path) -> Observation:
    answer = settled(desired_of(PLANS / "settled/kit.yaml", tmp_path))
    return replace(read_observation(answer), systemd=True)


def told(bundle: Bundle, host: Observation) -> list[tuple[str, str]]:
    return [(one.resource.removeprefix("job file "), one.action) for one in job_operations(bundle, host)]


def placed(bundle: Bundle) -> dict[str, str]:
    return {file.path.removeprefix("units/"): file.sha256 for file in bundle.files if file.path.startswith("units/")}


def test_a_job_is_created_changed_and_removed(bundle: Bundle, host: Observation, tmp_path: Path) -> None:
    assert told(bundle, host) == [(SERVICE, "create"), (TIMER, "create")]
    there = {name: sha256 for name, sha256 in placed(bundle).items() if name in (SERVICE, TIMER)}
    assert told(bundle, replace(host, units=there)) == []
    assert told(bundle, replace(host, units=there | {TIMER: "other"})) == [(TIMER, "change")]
    assert next(job_operations(bundle, replace(host, units=there | {TIMER: ""}))).cause == "its timer is off"
    without = desired_of(PLANS / "settled/kit.yaml", tmp_path).bundle
    assert told(without, replace(host, units=there)) == [(SERVICE, "remove"), (TIMER, "remove")]
    assert told(without, host) == []


def test_a_host_without_systemd_has_one_file_of_cron(bundle: Bundle, host: Observation) -> None:
    cron = replace(host, systemd=False)
    assert told(bundle, cron) == [("kit-home", "create")]
    assert told(bundle, replace(cron, units={"kit-home": placed(bundle)["kit-home.cron"]})) == []


def test_jobs_are_a_phase_behind_all_that_they_may_touch(
    deployment: Deployment, bundle: Bundle, host: Observation
) -> None:
    steps = steps_of(deployment, host, make_plan(deployment, bundle, host))
    assert VerbStep("units") in steps
    names = [phase.name for phase in phases_of({"here": steps})]
    assert names.index("converge") < names.index("settings") < names.index("jobs") < names.index("collect")
