"""Jobs of a release in the host's scheduler: placed, changed, removed; other stacks' jobs are left alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.agent.contract.envelope import StackRequest
from deploy.agent.contract.releases import UnitsAnswer
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.releases import units

Run = Callable[[], UnitsAnswer]
FILES = {"kit-home.tidy.service": "service", "kit-home.tidy.timer": "timer", "kit-home.cron": "cron", "tidy.sh": "x"}


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with systemd, whose systemctl writes down how it was called."""
    for name in ("SYSTEMD", "UNITS", "CRON"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setattr(units, name, folder)
    program = tmp_path / "bin/systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/called\n[ "$2" != broken.timer ]\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return tmp_path


@pytest.fixture
def run(host: Path) -> Run:
    release = host / "home/current/units"
    release.mkdir(parents=True)
    for name, content in FILES.items():
        (release / name).write_text(content)
    request: StackRequest = {"stack": "home", "root": str(host / "home")}
    return lambda: units.run(request, Journal(str(host / "home"), "run"))


def called(host: Path) -> list[str]:
    log = host / "called"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def test_a_job_is_placed_once_and_an_equal_one_is_left_alone(host: Path, run: Run) -> None:
    assert run()["changed"]
    assert sorted(path.name for path in (host / "UNITS").iterdir()) == ["kit-home.tidy.service", "kit-home.tidy.timer"]
    assert called(host) == ["daemon-reload", "enable --quiet kit-home.tidy.timer", "restart kit-home.tidy.timer"]
    assert not run()["changed"]
    assert called(host) == []
    assert [*(host / "CRON").iterdir()] == []


def test_a_job_that_left_the_release_goes_and_another_stacks_stays(host: Path, run: Run) -> None:
    run()
    called(host)
    other = host / "UNITS/kit-home-two.tidy.timer"
    other.write_text("another stack's")
    for name in FILES:
        (host / "home/current/units" / name).unlink()
    assert run()["removed"]
    assert [path.name for path in (host / "UNITS").iterdir()] == [other.name]
    assert called(host) == ["disable --now --quiet kit-home.tidy.timer", "daemon-reload"]
    units.remove_units("home-two", Journal(str(host / "home"), "run"))
    assert [*(host / "UNITS").iterdir()] == []


def test_without_systemd_cron_has_the_jobs(host: Path, run: Run) -> None:
    (host / "SYSTEMD").rmdir()
    assert run()["placed"] == ["kit-home"]
    assert (host / "CRON/kit-home").read_text() == "cron"
    assert units.observe("home").keys() == {"kit-home"}
    assert called(host) == []
    units.remove_units("home", Journal(str(host / "home"), "run"))
    assert [*(host / "CRON").iterdir()] == []


def test_a_scheduler_that_refuses_is_told(host: Path, run: Run) -> None:
    program = host / "bin/systemctl"
    program.write_text("#!/bin/sh\necho 'Unit is masked.' >&2\nexit 1\n")
    with pytest.raises(AgentError, match=r"systemctl daemon-reload: Unit is masked\."):
        run()
