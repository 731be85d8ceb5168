"""A clock that jumped: no backup from the future passes for the newest, and no check or watch waits for that day."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.agent.contract.backup_runs import DAY, moment, troubles
from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import observe, read, remember
from tests.unit.agent.backups.conftest import Host


def test_a_backup_of_a_clock_that_was_a_day_ahead_does_not_pass_for_the_newest(host: Host, tmp_path: Path) -> None:
    (tmp_path / "made/configs").mkdir(parents=True)
    (tmp_path / "made/configs/backup.json").write_text('{"format": 1}')
    tomorrow = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + DAY))
    remember(host.root, machine="1f")
    tags = ("--tag", "kit", "--tag", "machine-1f")
    host.restic("backup", "--host", "home", *tags, "--time", tomorrow, "configs", cwd=tmp_path / "made")
    taken = host.back_up()["snapshot"]
    assert host.listed()["snapshots"][0]["id"] == taken
    with pytest.raises(AgentError, match=r"a clock is wrong, or was: the backup .* is still to come"):
        host.listed("latest")
    assert host.listed(taken[:8])["snapshots"][0]["id"] == taken


@pytest.mark.parametrize("days", [-1, 1])
def test_backups_watches_and_checks_go_on_behind_a_jump_of_a_day(host: Host, days: int) -> None:
    """The memory is as old, or as far ahead, as a clock makes it that jumps by a day."""
    host.back_up()
    known = read(host.root)
    good = {**known["good"], "ended": moment(time.time() + days * DAY)}
    seen = {**known["check"], "ended": moment(time.time() + days * DAY)}
    remember(host.root, good=good, check=seen)
    host.say("second")
    assert host.back_up(watch_seconds=300)["changed"]
    host.back_up()
    assert (read(host.root)["check"]["ended"] == seen["ended"]) == (days < 0)
    assert len(host.listed()["snapshots"]) == 3


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the clock be ahead by so many seconds."""
    right = time.time

    def set_clock(seconds: int) -> None:
        monkeypatch.setattr(time, "time", lambda: right() + seconds)

    return set_clock


def told(host: Host) -> list[str]:
    return [words for _, words in troubles(observe(host.root), time.time())]


def test_a_backup_under_a_clock_ahead_leaves_nothing_red_behind(host: Host, ahead: Callable[[int], None]) -> None:
    ahead(DAY)
    host.back_up(by_hand=True)
    ahead(0)
    (words,) = told(host)
    assert words.startswith("a clock is wrong, or was: ")
    host.back_up()
    assert told(host) == []


def test_a_failure_under_a_clock_ahead_is_over_with_the_next_good_run(host: Host, ahead: Callable[[int], None]) -> None:
    host.back_up()
    ahead(DAY)
    hidden = host.repository.rename(host.repository.with_name("hidden"))
    with pytest.raises(AgentError, match="is gone, or its drive is not mounted"):
        host.back_up(by_hand=True)
    hidden.rename(host.repository)
    ahead(0)
    assert [words.partition(":")[0] for words in told(host)] == ["the last backup by hand failed"]
    host.back_up()
    assert told(host) == []
