"""The snapshots that stay: the same that restic's own rules keep, and beside them those from before a change."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups.restic import Restic, Said
from deploy.agent.backups.retention import KEPT_DAYS, KEPT_NUMBER, kept_of
from deploy.agent.backups.snapshots import taken_at
from deploy.agent.contract.backup_runs import DAY, moment, seconds_of
from deploy.agent.stack.backup_memory import read
from tests.unit.agent.backups.conftest import Host, host_in

KEEPS_THE_OLDEST = (0, 16)
"""First release of restic that keeps the oldest snapshot while a rule has a place left."""
NOW = seconds_of("2026-11-28T12:00:00Z")


def snapshot(days_ago: float, *tags: str) -> dict[str, Any]:
    return {"id": f"{days_ago}{tags}", "time": moment(NOW - days_ago * DAY), "tags": ["kit", *tags]}


def kept(listed: list[dict[str, Any]], **keep: int) -> list[dict[str, Any]]:
    ids = set(kept_of(listed, keep, NOW))
    return [each for each in listed if each["id"] in ids]


@pytest.mark.parametrize(
    "keep",
    [
        {"last": 3, "daily": 4, "weekly": 2, "monthly": 0},
        {"last": 0, "daily": 3, "weekly": 0, "monthly": 2},
        {"last": 1, "daily": 0, "weekly": 50, "monthly": 0},
    ],
)
def test_the_snapshots_that_stay_are_those_of_restics_own_rules(keep: dict[str, int], spread: Host) -> None:
    words = [word for name, count in keep.items() if count for word in (f"--keep-{name}", str(count))]
    (group,) = json.loads(spread.restic("forget", "--dry-run", *words).splitlines()[0])
    ids, listed = {each["id"] for each in group["keep"]}, json.loads(spread.restic("snapshots"))
    stay = set(kept_of(listed, keep, time.time()))
    assert 0 < len(stay) < 12
    if release_of_restic() >= KEEPS_THE_OLDEST:
        assert ids == stay
    else:
        assert ids <= stay <= ids | {min(listed, key=taken_at)["id"]}


def release_of_restic() -> tuple[int, ...]:
    said = subprocess.run(["restic", "version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in said.split()[1].split(".")[:2])


def test_the_oldest_snapshot_stays_while_its_rule_has_a_place_left() -> None:
    # Three days; each of the two older ones has a later and an earlier snapshot.
    listed = [snapshot(days) for days in (0.1, 1.1, 1.2, 2.1, 2.2)]
    newest = [listed[0], listed[1], listed[3]]
    assert kept(listed, daily=3) == newest
    assert kept(listed, daily=2) == newest[:2]
    assert kept(listed, daily=4) == [*newest, listed[4]]
    assert kept(listed, daily=0) == []
    assert kept([], daily=4) == []


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Host:
    """A repository with twelve snapshots over two months."""
    host, dice = host_in(tmp_path_factory.mktemp("spread"), repository), random.Random(5)
    for _ in range(12):
        taken = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - dice.random() ** 2 * 60 * DAY))
        host.restic("backup", "--host", "home", "--tag", "kit", "--time", taken, ".", cwd=host.data / "uploads")
    return host


def test_a_snapshot_before_a_change_takes_no_place_and_goes_when_it_is_old_and_not_among_the_newest() -> None:
    changes = [snapshot(day, "before-image") for day in range(KEPT_DAYS - 5, KEPT_DAYS + 20)]
    young = [each for each in changes if NOW - seconds_of(each["time"]) <= KEPT_DAYS * DAY]
    daily = [snapshot(day + 0.5) for day in range(5)]
    assert len(young) < KEPT_NUMBER
    assert kept([*daily, *changes], last=2) == [*daily[:2], *changes[:KEPT_NUMBER]]
    many = [snapshot(day / 2, "before-restore") for day in range(2 * KEPT_DAYS)]
    assert kept([*daily, *many], last=1) == [daily[0], *many]


def test_of_snapshots_of_one_second_the_later_one_is_the_newer() -> None:
    same = [{**snapshot(1), "id": name} for name in ("b", "a", "c")]
    assert kept(same, last=2) == same[1:]
    changes = [{**snapshot(KEPT_DAYS + 1, "before-image"), "id": str(number)} for number in range(KEPT_NUMBER + 1)]
    assert kept(changes, last=1) == changes[1:]


def test_snapshots_of_a_former_machine_grow_old_like_all_others() -> None:
    former, own = [snapshot(day, "machine-1") for day in (4, 5)], [snapshot(day, "machine-2") for day in (1, 2)]
    assert kept([*own, *former], last=3) == [*own, former[0]]


def test_the_daily_run_frees_the_space_of_what_a_watch_forgot(host: Host) -> None:
    host.keep = {"last": 1}
    host.release()
    (host.data / "uploads/big").write_bytes(random.Random(1).randbytes(2**20))
    host.back_up()
    (host.data / "uploads/big").unlink()
    aged(host)
    host.back_up(watch_seconds=300)
    assert len(host.listed()["snapshots"]) == 1
    before = size(host.repository)
    host.keep = {"last": 2}
    host.release()
    host.back_up()
    assert len(host.listed()["snapshots"]) == 2, "the daily run itself forgot none"
    assert size(host.repository) < before - 2**19


def test_a_run_that_is_killed_while_it_removes_snapshots_is_no_loss_to_the_next_one(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.keep = {"last": 1}
    host.release()
    host.back_up()
    ask = Restic.ask

    def killed(restic: Restic, *words: str) -> Said:
        said = ask(restic, *(word for word in words if word != "--prune"))
        if "--prune" in words:
            raise KeyboardInterrupt
        return said

    monkeypatch.setattr(Restic, "ask", killed)
    with pytest.raises(KeyboardInterrupt):
        host.back_up()
    monkeypatch.undo()
    assert "problems" not in host.listed()
    assert read(host.root)["unpruned"]
    assert host.back_up()["changed"]
    assert not read(host.root)["unpruned"]


def aged(host: Host) -> None:
    """Let the newest backup be older than the interval of a watch."""
    path = host.root / "backups.json"
    memory = json.loads(path.read_text())
    memory["good"]["ended"] = "2020-01-01T00:00:00Z"
    path.write_text(json.dumps(memory))


def size(repository: Path) -> int:
    done = subprocess.run(["du", "-sb", str(repository)], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0])
