"""Starts of jobs: how long a host was awake without one, which tells a dead timer from a host that slept."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from deploy.agent import fired, scheduler
from deploy.agent.fired import firing, idle_seconds, placed_at

JOB = "backup-watch"
HOUR = 3600
AGENT, EARLIER = f"{'a' * 64}.pyz", f"{'b' * 64}.pyz"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host that has been up for long, with a job that was placed long ago."""
    root = tmp_path / "kit" / "home"
    released = root / "current" / "units" / f"{JOB}.json"
    units = tmp_path / "units"
    for path in (released, units / f"kit-home.{JOB}.timer"):
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        let_be_old(path)
    release_with(root, AGENT)
    monkeypatch.setattr(sys, "argv", [f"/opt/kit/agent/{AGENT}"])
    monkeypatch.setattr(scheduler, "UNITS", units)
    monkeypatch.setattr(scheduler, "SYSTEMD", tmp_path)
    monkeypatch.setattr(fired, "BOOT", tmp_path / "boot_id")
    fired.BOOT.write_text("first boot")
    set_awake(monkeypatch, 100 * HOUR)
    return root


def release_with(root: Path, agent: str) -> None:
    """Let the release's job start this agent."""
    script = f"exec /usr/bin/python3 -X utf8 -IS /opt/kit/agent/{agent} job </opt/kit/home/current/units/{JOB}.json\n"
    (root / "current" / "units" / f"{JOB}.sh").write_text(script)


def let_be_old(path: Path) -> None:
    os.utime(path, (time.time() - 100 * HOUR,) * 2)


def set_awake(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the host be awake for so long since its boot."""
    monkeypatch.setattr(time, "monotonic", lambda: seconds)


def test_a_timer_that_is_dead_lets_the_host_be_awake_without_a_start(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with firing(root, JOB):
        assert idle_seconds(root, JOB) == 0
        set_awake(monkeypatch, 102 * HOUR)
    assert idle_seconds(root, JOB) == 0, "an interval counts from the end"
    set_awake(monkeypatch, 105 * HOUR)
    assert idle_seconds(root, JOB) == 3 * HOUR


def test_a_job_that_fails_has_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        set_awake(monkeypatch, 102 * HOUR)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), firing(root, JOB):
        fail()
    assert idle_seconds(root, JOB) == 0


def test_a_host_that_was_off_counts_from_its_boot(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with firing(root, JOB):
        pass
    fired.BOOT.write_text("second boot")
    set_awake(monkeypatch, 200)
    assert idle_seconds(root, JOB) == 200
    set_awake(monkeypatch, 50 * HOUR)
    assert idle_seconds(root, JOB) == 50 * HOUR


def test_a_timer_that_was_placed_a_minute_ago_is_as_young(root: Path) -> None:
    timer = scheduler.UNITS / f"kit-home.{JOB}.timer"
    os.utime(timer, (time.time() - 60,) * 2)
    assert idle_seconds(root, JOB) in (60, 61)
    assert placed_at(root, JOB) == timer.stat().st_mtime


def test_a_timer_of_an_earlier_kit_counts_from_its_first_release_here(root: Path) -> None:
    assert idle_seconds(root, JOB) == 100 * HOUR
    os.utime(root / "current" / "units" / f"{JOB}.json", (time.time() - 60,) * 2)
    assert idle_seconds(root, JOB) in (60, 61)


def test_a_timer_that_somebody_removed_counts_from_its_release(root: Path) -> None:
    (scheduler.UNITS / f"kit-home.{JOB}.timer").unlink()
    assert idle_seconds(root, JOB) in (100 * HOUR, 100 * HOUR + 1)


def test_a_release_without_the_job_has_no_start(root: Path) -> None:
    (root / "current" / "units" / f"{JOB}.json").unlink()
    assert (idle_seconds(root, JOB), placed_at(root, JOB)) == (None, 0.0)


def test_a_disk_that_takes_no_file_stops_no_job(root: Path) -> None:
    (root / "run").write_text(json.dumps("in the way of a folder"))
    with firing(root, JOB):
        assert idle_seconds(root, JOB) == 100 * HOUR


def test_an_agent_of_an_earlier_kit_that_remembers_no_start_is_not_told_as_a_dead_timer(root: Path) -> None:
    release_with(root, EARLIER)
    assert idle_seconds(root, JOB) is None
    release_with(root, AGENT)
    assert idle_seconds(root, JOB) == 100 * HOUR


def test_a_rollback_to_a_release_of_an_earlier_kit_does_not_count_from_the_starts_of_the_later_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with firing(root, JOB):
        pass
    set_awake(monkeypatch, 150 * HOUR)
    release_with(root, EARLIER)
    assert idle_seconds(root, JOB) is None


def test_an_agent_of_another_kit_that_remembers_its_starts_counts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release_with(root, EARLIER)
    with monkeypatch.context() as earlier:
        earlier.setattr(sys, "argv", [f"/opt/kit/agent/{EARLIER}"])
        with firing(root, JOB):
            pass
    set_awake(monkeypatch, 103 * HOUR)
    assert idle_seconds(root, JOB) == 3 * HOUR
