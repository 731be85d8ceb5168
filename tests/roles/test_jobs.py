"""Jobs of a release on real schedulers: placed, run by themselves under the hold, changed only where they differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.requests.releases import place_request
from deploy.apply.roles.process import PlaybookResult
from deploy.decide.render import render
from deploy.deployment.host import Deployment
from deploy.deployment.jobs import Job, Schedule
from deploy.hosts.wire.agent_zip import agent_zip
from deploy.stack import AGENT_FOLDER
from tests.e2e.lab.host import LabHost
from tests.golden.plans_of import PLANS, desired_of
from tests.roles.lab import AGENT, BASE, Lab, ask, held, observed
from tests.waiting import COSTLY_LOOK_SECONDS, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.network]
ROOT = "/opt/kit/home"
RUN = {**BASE, "stack": "home", "root": ROOT, "run": "desk", "user": "ada", "host": "desk", "command": "kit apply"}
SERVICE, TIMER = "kit-home.tidy.service", "kit-home.tidy.timer"
CRON = "/etc/cron.d/kit-home"
Placing = Callable[..., dict[str, Any]]


def tidy(schedule: Schedule) -> Job:
    # A verb that needs no Docker.
    asked: Any = {"secrets": []}
    return Job("tidy", "Tidies up", "secrets", schedule, asked, patience_seconds=600)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return desired_of(PLANS / "fresh_machine/kit.yaml", tmp_path).deployment


def placing(host: LabHost, deployment: Deployment, *jobs: Job) -> None:
    """Place the release of a deployment with these jobs, and switch to it."""
    observed(host)
    host.read("mkdir", "-p", AGENT_FOLDER)
    host.read("cp", AGENT, f"{AGENT_FOLDER}/{agent_zip().name}")
    with_jobs = replace(deployment, jobs=jobs)
    bundle = render(with_jobs)
    with held(host, RUN):
        status, answer = ask(host, "place", place_request(with_jobs, bundle, "desk"))
    assert status == 0, answer
    host.read("ln", "-sfn", f"releases/{bundle.release}", f"{ROOT}/current")


def units(host: LabHost) -> dict[str, Any]:
    with held(host, RUN):
        status, answer = ask(host, "units", RUN)
    assert status == 0, answer
    return answer


def holder(host: LabHost) -> dict[str, Any]:
    """Return who has the hold, or had it last."""
    content: dict[str, Any] = json.loads(host.read("cat", f"{ROOT}/run/hold") or "{}")
    return content


def ran(host: LabHost) -> bool:
    last = holder(host)
    return last.get("run", "").startswith("job-tidy-") and last["ended"] is True


def state(host: LabHost, unit: str) -> str:
    return host.read("systemctl", "show", "--property", "ActiveState", "--value", unit).strip()


def test_systemd_runs_a_job_by_itself_and_it_waits_for_a_run(
    lab: Lab, first: PlaybookResult, deployment: Deployment
) -> None:
    host = lab["trixie-systemd"]
    assert first.failures == ()
    placing(host, deployment, tidy(Schedule(daily_at="02:05", every_seconds=1)))
    assert units(host)["placed"] == [SERVICE, TIMER]
    assert units(host) == {"changed": False, "placed": [], "removed": []}
    assert observed_units(host) == {SERVICE, TIMER}
    assert host.read("systemctl", "is-enabled", TIMER).strip() == "enabled"
    wait_until(lambda: ran(host), "the timer has run the job", saw=lambda: log(host))

    with held(host, RUN):
        host.read("systemctl", "start", "--no-block", SERVICE)
        wait_until(
            lambda: state(host, SERVICE) == "activating",
            "the job waits for the hold",
            saw=lambda: log(host),
        )
        assert holder(host)["run"] == "desk"
    wait_until(lambda: ran(host), "the job has run behind the apply", saw=lambda: log(host))

    placing(host, deployment)
    assert units(host)["removed"] == [SERVICE, TIMER]
    assert state(host, TIMER) == "inactive"
    assert observed_units(host) == set()


def observed_units(host: LabHost) -> set[str]:
    status, answer = ask(host, "probe", {**BASE, "stack": "home", "root": ROOT})
    assert status == 0
    return {name for name, sha256 in answer["units"].items() if sha256}


def log(host: LabHost) -> str:
    return host.read("journalctl", "--no-pager", "--lines", "20", "--unit", SERVICE)


def test_cron_runs_a_job_where_there_is_no_systemd(lab: Lab, first: PlaybookResult, deployment: Deployment) -> None:
    host = lab["bookworm-init"]
    assert first.failures == ()
    placing(host, deployment, tidy(Schedule(every_seconds=60)))
    with held(host, RUN):
        status, refused = ask(host, "units", RUN)
    assert (status, refused["error"]["problem"].rpartition(": ")[2]) == (1, "the host has neither systemd nor cron")

    host.read("apt-get", "install", "--yes", "--no-install-recommends", "cron")
    assert units(host)["placed"] == ["kit-home"]
    assert units(host)["changed"] is False
    host.read("cron")
    wait_until(lambda: ran(host), "cron has run the job", saw=lambda: host.read("cat", CRON), pause=COSTLY_LOOK_SECONDS)

    placing(host, deployment)
    assert units(host)["removed"] == ["kit-home"]
    assert host.run("test", "-e", CRON).returncode == 1
