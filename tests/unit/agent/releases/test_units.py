"""Jobs of a release in the host's scheduler: placed, changed, removed; other stacks' jobs are left alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.agent import scheduler
from deploy.agent.contract.envelope import StackRequest
from deploy.agent.contract.releases import UnitsAnswer
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.releases import units

STARTED = [
    "daemon-reload",
    "restart kit-home.tidy.timer",
    "enable --quiet --no-reload kit-home.tidy.timer",
]
Run = Callable[[], UnitsAnswer]
TIMER = "kit-home.tidy.timer"
SYSTEMCTL = """#!/bin/sh
echo "$*" >>{called}
for name; do :; done
case $1 in
enable) ln -s "../$name" "{wants}/$name" ;;
disable) rm -f "{wants}/$name" ;;
esac
"""
FILES = {"kit-home.tidy.service": "service", "kit-home.tidy.timer": "timer", "kit-home.cron": "cron", "tidy.sh": "x"}


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with systemd, whose systemctl writes down how it was called, and links an enabled timer."""
    for name in ("SYSTEMD", "UNITS", "CRON"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setattr(scheduler, name, folder)
    program = tmp_path / "bin/systemctl"
    program.parent.mkdir()
    program.write_text(SYSTEMCTL.format(called=tmp_path / "called", wants=tmp_path / "UNITS/timers.target.wants"))
    program.chmod(0o755)
    (tmp_path / "UNITS/timers.target.wants").mkdir()
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


def placed(host: Path) -> list[str]:
    return sorted(path.name for path in (host / "UNITS").iterdir() if path.is_file())


def called(host: Path) -> list[str]:
    log = host / "called"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def test_a_job_is_placed_once_and_an_equal_one_is_left_alone(host: Path, run: Run) -> None:
    assert run()["changed"]
    assert placed(host) == ["kit-home.tidy.service", TIMER]
    assert called(host) == STARTED
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
    assert placed(host) == [other.name]
    assert called(host) == ["disable --now --quiet --no-reload kit-home.tidy.timer", "daemon-reload"]
    units.remove_units("home-two", Journal(str(host / "home"), "run"))
    assert placed(host) == []


@pytest.mark.parametrize("step", ["daemon-reload", "restart", "enable"])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_run_that_was_cut_short_is_seen_and_done_again(host: Path, run: Run, step: str, is_new: bool) -> None:
    if not is_new:
        run()
        (host / f"home/current/units/{TIMER}").write_text("another timer")
    program = host / "bin/systemctl"
    whole = program.read_text()
    program.write_text(whole.replace("case", f"[ $1 = {step} ] && exit 1\ncase"))
    with pytest.raises(AgentError, match=f"systemctl {step}"):
        run()
    assert units.observe("home")[TIMER] == ""
    program.write_text(whole)
    called(host)
    assert run()["placed"] == [TIMER]
    assert called(host) == STARTED
    assert units.observe("home")[TIMER] != ""


def test_a_host_without_systemd_and_cron_is_told(
    host: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (host / "SYSTEMD").rmdir()
    monkeypatch.setattr(scheduler, "SBIN", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AgentError, match="neither systemd nor cron"):
        run()
    assert [*(host / "CRON").iterdir()] == []
    for name in FILES:
        (host / "home/current/units" / name).unlink()
    assert not run()["changed"]


def test_without_systemd_cron_has_the_jobs(
    host: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (host / "SYSTEMD").rmdir()
    (tmp_path / "cron").touch(0o755)
    monkeypatch.setattr(scheduler, "SBIN", str(tmp_path))
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
