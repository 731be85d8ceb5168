"""Jobs of rooms, as files of a release."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.jobs import Collecting
from deploy.components import room_of
from deploy.components.room import Resolved, Site
from deploy.decide.render import render
from deploy.decide.units import cron_moments, timer_moments
from deploy.deployment.bundle import Bundle
from deploy.deployment.jobs import Job, Schedule
from deploy.deployment.offers import Offer
from deploy.hosts.wire.agent_zip import agent_zip
from tests.golden.plans_of import PLANS, desired_of

KEEP: Collecting = {"keep": [], "model_folders": []}
NIGHTLY = Job("tidy", "Tidies up", "collect", Schedule(daily_at="02:05", after_boot_seconds=300), KEEP)


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """A bundle in which one room declares a job."""
    room = room_of("litellm")

    def with_a_job(spec: Any, site: Site, offers: tuple[Offer, ...]) -> Resolved:
        return replace(room.resolve(spec, site, offers), jobs=(NIGHTLY,))

    monkeypatch.setattr("deploy.components.litellm.ROOM", replace(room, resolve=with_a_job))
    return desired_of(PLANS / "fresh_machine/kit.yaml", tmp_path).bundle


def text(bundle: Bundle, name: str) -> str:
    return next(file.content for file in bundle.files if file.path == f"units/{name}")


def test_a_job_is_a_service_a_timer_a_script_and_a_request(bundle: Bundle) -> None:
    names = [file.path for file in bundle.files if file.path.startswith("units/")]
    assert names == [
        "units/kit-home.cron",
        "units/kit-home.tidy.service",
        "units/kit-home.tidy.timer",
        "units/tidy.json",
        "units/tidy.sh",
    ]
    assert "ExecStart=/bin/sh /opt/kit/home/current/units/tidy.sh" in text(bundle, "kit-home.tidy.service")
    timer = text(bundle, "kit-home.tidy.timer").splitlines()
    assert {"OnCalendar=*-*-* 02:05:00", "OnBootSec=300", "AccuracySec=1s", "Persistent=true"} <= set(timer)
    # The agent reads one line.
    request = json.loads(text(bundle, "tidy.json").partition("\n")[0])
    assert (request["verb"], request["request"], request["root"]) == ("collect", KEEP, "/opt/kit/home")


def test_what_the_scheduler_reads_does_not_change_with_the_kit_or_the_release(bundle: Bundle) -> None:
    for name in ("kit-home.cron", "kit-home.tidy.service", "kit-home.tidy.timer"):
        assert agent_zip().digest not in text(bundle, name)
        assert bundle.release not in text(bundle, name)
    assert f"/opt/kit/agent/{agent_zip().digest}.pyz job </opt/kit/home/current/units/tidy.json" in text(
        bundle, "tidy.sh"
    )


def test_output_of_crons_jobs_goes_to_the_log_and_not_into_mails(bundle: Bundle) -> None:
    script = "/bin/sh /opt/kit/home/current/units/tidy.sh 2>&1 | logger -t kit-home"
    assert text(bundle, "kit-home.cron").splitlines()[1:] == [
        f"5 2 * * * root {script}",
        f"@reboot root sleep 300; {script}",
    ]


def test_without_jobs_a_release_has_no_units(tmp_path: Path) -> None:
    deployment = desired_of(PLANS / "fresh_machine/kit.yaml", tmp_path).deployment
    assert deployment.jobs == ()
    assert [file.path for file in render(deployment).files if file.path.startswith("units/")] == []


def test_two_jobs_of_one_name_do_not_replace_one_another(tmp_path: Path) -> None:
    deployment = desired_of(PLANS / "fresh_machine/kit.yaml", tmp_path).deployment
    with pytest.raises(ValueError, match="two jobs of a host are called tidy"):
        render(replace(deployment, jobs=(NIGHTLY, replace(NIGHTLY, verb="models"))))
    render(replace(deployment, jobs=(NIGHTLY, replace(NIGHTLY, name="tidy-other"))))


def test_a_schedule_has_a_moment() -> None:
    with pytest.raises(ValueError, match="never runs"):
        Schedule()


@pytest.mark.parametrize(
    ("schedule", "timer", "cron"),
    [
        (Schedule(daily_at="00:30"), ["OnCalendar=*-*-* 00:30:00"], ["30 0 * * * root"]),
        (Schedule(every_seconds=300), ["OnActiveSec=300", "OnUnitInactiveSec=300"], ["*/5 * * * * root"]),
        (Schedule(every_seconds=5), ["OnActiveSec=5", "OnUnitInactiveSec=5"], ["*/1 * * * * root"]),
        (Schedule(every_seconds=7200), ["OnActiveSec=7200", "OnUnitInactiveSec=7200"], ["0 */2 * * * root"]),
        (Schedule(sundays_at="04:05"), ["OnCalendar=Sun *-*-* 04:05:00"], ["5 4 * * 0 root"]),
        (Schedule(after_boot_seconds=60), ["OnBootSec=60"], ["@reboot root sleep 60;"]),
    ],
)
def test_a_schedule_is_told_to_each_scheduler(schedule: Schedule, timer: list[str], cron: list[str]) -> None:
    assert timer_moments(schedule) == timer
    assert cron_moments(schedule) == cron
