"""A clock that jumped: no backup from the future passes for the newest, and no check or watch waits for that day."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from deploy.agent.contract.backup_runs import DAY, moment
from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import read, remember
from tests.unit.agent.backups.conftest import Host


def test_a_backup_of_a_clock_that_was_a_day_ahead_does_not_pass_for_the_newest(host: Host, tmp_path: Path) -> None:
    (tmp_path / "made/configs").mkdir(parents=True)
    (tmp_path / "made/configs/backup.json").write_text('{"format": 1}')
    tomorrow = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + DAY))
    host.restic("backup", "--host", "home", "--tag", "kit", "--time", tomorrow, "configs", cwd=tmp_path / "made")
    taken = host.back_up()["snapshot"]
    assert host.listed()["snapshots"][0]["id"] == taken
    with pytest.raises(AgentError, match=r"a clock is wrong, or was: the backup .* is still to come"):
        host.listed("latest")
    assert host.listed(taken[:8])["snapshots"][0]["id"] == taken


@pytest.mark.parametrize("days", [-1, 1])
def test_backups_watches_and_checks_go_on_behind_a_jump_of_a_day(host: Host, days: int) -> None:
    """What is remembered is as old, or as far ahead, as a clock makes it that jumps by a day."""
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
