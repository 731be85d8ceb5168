"""Words of an apply about backups, and backups of two hosts."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.backup_runs import Run, moment
from deploy.agent.kit_folders import BACKUP_KEY
from deploy.apply.prepared.prepare import Outcome
from deploy.cli.told.backups import BESIDE_DATA, MOST_NAMED, standing, unlocked_words
from deploy.cli.told.welcome import welcome
from deploy.decide.desired import Share, load_desired
from deploy.errors import KitError, UnreachableError
from deploy.hosts.observation.backups import SeenBackups
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker, OperatingSystem
from deploy.plan.operation import Operation, Plan
from deploy.stack import HERE
from deploy.verify.backups import backup_check
from deploy.verify.report import Check, Report
from tests.golden.plans_of import desired_of
from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import BOX, Box, on_two_hosts
from tests.unit.cli.fleet import HERE as DESK

PASSED = Report((Check("answers", "main", "passed", 2.0),))
KEY = Operation(f"secret {BACKUP_KEY}", "create", "not on host", "release")


def share_of(folder: Path, backup: str) -> Share:
    (folder / "case").mkdir(exist_ok=True)
    path = folder / "case" / "kit.yaml"
    path.write_text(f"kit: 1\nstack: home\n{backup}")
    return desired_of(path, folder)


def told(share: Share, *operations: Operation) -> str:
    plan = Plan(HERE, "home", share.bundle.release, operations)
    return welcome(share.desired, {HERE: Outcome(plan, 3, PASSED)})


def test_the_apply_that_begins_backups_says_where_they_go_and_what_their_place_and_key_mean(tmp_path: Path) -> None:
    share = share_of(tmp_path, "")
    first, later = told(share, KEY), told(share)
    for words in (first, later):
        assert "A backup goes to /srv/kit-backups/home every day." in words
    assert BESIDE_DATA in first
    assert BESIDE_DATA not in later
    assert f"secret show {BACKUP_KEY}" in first
    assert f"secret show {BACKUP_KEY}" not in later


def test_a_repository_that_a_person_placed_is_not_told_as_beside_the_data(tmp_path: Path) -> None:
    assert BESIDE_DATA not in told(share_of(tmp_path, "backup: {repository: /mnt/disk2/kit}\n"), KEY)


def test_a_key_that_a_person_keeps_is_not_told(tmp_path: Path) -> None:
    assert BACKUP_KEY not in told(share_of(tmp_path, 'backup: {key: "env:KEY"}\n'), KEY)


@pytest.mark.parametrize(
    ("hours", "words"),
    [(-30, "1 day ago"), (-1, "1 h 00 min ago"), (0.5, "0.0 s ago"), (24, "which is still to come")],
)
def test_the_newest_backup_is_told_with_its_age_or_as_one_of_a_wrong_clock(
    tmp_path: Path, hours: float, words: str
) -> None:
    good: Run = {"ended": moment(time.time() + hours * 3600), "snapshot": "a"}
    seen = SeenBackups(has_restic=True, repository="/mnt/disk2/kit", good=good)
    observation = Observation(Docker(), OperatingSystem("debian", "12", "bookworm"), True, True, backups=seen)
    (line,) = standing(share_of(tmp_path, ""), observation)
    assert line.startswith("newest backup: ")
    assert words in line


def test_models_that_nothing_brings_back_are_named(tmp_path: Path) -> None:
    good: Run = {"ended": moment(time.time() - 60), "snapshot": "a", "unlocked": {"main": ["mine", "yours"]}}
    seen = SeenBackups(has_restic=True, repository="/mnt/disk2/kit", good=good)
    observation = Observation(Docker(), OperatingSystem("debian", "12", "bookworm"), True, True, backups=seen)
    _, note = standing(share_of(tmp_path, ""), observation)
    named = "the backup only names these models, and kit.lock has none of them"
    assert note.startswith(f"note: {named}: mine of main, yours of main; ")
    (many,) = unlocked_words({"unlocked": {"main": [f"m{number:02}" for number in range(MOST_NAMED + 3)]}})
    assert "m07 of main and 3 more; " in many
    assert unlocked_words({}) == []


def test_models_that_the_newest_backup_lacks_are_a_trouble_until_one_has_them(tmp_path: Path) -> None:
    unsaved = {"main": {"mine": "not enough disk at /mnt/disk2"}}
    good: Run = {"ended": moment(time.time() - 60), "snapshot": "a", "unlocked": {"main": ["mine"]}, "unsaved": unsaved}
    seen = SeenBackups(has_restic=True, repository="/mnt/disk2/kit", good=good)
    observation = Observation(Docker(), OperatingSystem("debian", "12", "bookworm"), True, True, backups=seen)
    trouble, newest = standing(share_of(tmp_path, ""), observation)
    assert "mine of main (not enough disk at /mnt/disk2); " in trouble
    assert "`weights: none` under `backup`" in trouble
    assert newest.startswith("newest backup: ")
    assert backup_check(seen, datetime.now(UTC)).outcome == "failed"
    assert not replace(seen, good={"ended": good["ended"], "snapshot": "b"}).troubles(datetime.now(UTC))


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Box]:
    """Two hosts, each with a backup of its own."""
    boxes = on_two_hosts(tmp_path, monkeypatch)
    for host, box in boxes.items():
        snapshot = {
            "id": host.ljust(64, "0"),
            "time": "2026-11-28T02:00:00Z",
            "host": host,
            "before": "",
            "machine": host,
        }
        box.answers |= {
            "backups": {"repository": "/srv/kit-backups/home", "snapshots": [snapshot]},
            "back_up": {
                "changed": True,
                "snapshot": snapshot["id"],
                "repository": "/srv/kit-backups/home",
                "files": 3,
                "bytes": 2**20,
            },
            "check_backups": {"changed": False, "repository": "/srv/kit-backups/home", "problems": []},
            "restore": {
                "changed": True,
                "snapshot": snapshot["id"],
                "taken": snapshot["time"],
                "parts": ["secrets"],
                "services": [],
                "aside": {},
                "saved": "",
                "unsaved": "",
            },
        }
    return boxes


def asked(boxes: Mapping[str, Box], verb: str) -> set[str]:
    return {host for host, box in boxes.items() if verb in box.asked}


@pytest.mark.parametrize(("word", "verb"), [("now", "back_up"), ("list", "backups"), ("verify", "check_backups")])
def test_each_host_has_backups_of_its_own(kit: Kit, boxes: Mapping[str, Box], word: str, verb: str) -> None:
    document = kit("backup", word, "--json").document["hosts"]
    assert document == {host: box.answers[verb] for host, box in boxes.items()}
    assert asked(boxes, verb) == {DESK, BOX}
    shown = kit("backup", word)
    assert all(f"{host}\n" in shown.out or f"{host}:" in shown.out for host in boxes), shown.out


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        (("now",), "back_up"),
        (("list",), "backups"),
        (("verify",), "check_backups"),
        (("restore", "latest", "--to", "/root/look"), "restore"),
    ],
)
def test_a_host_that_gives_no_answer_hides_no_other_ones(
    kit: Kit, boxes: Mapping[str, Box], words: tuple[str, ...], verb: str
) -> None:
    answer = boxes[DESK].answers[verb]
    boxes[BOX].answers[verb] = KitError("restic is not on this host", "install it")
    document = kit("backup", *words, "--json")
    assert (document.code, document.document["hosts"][DESK]) == (1, answer)
    assert document.document["hosts"][BOX]["error"]["problem"].endswith("restic is not on this host")
    shown = kit("backup", *words)
    assert shown.code == 1
    assert all(each in shown.out for each in (f"{DESK}:", f"{BOX}:", "restic is not on this host", "install it"))
    boxes[DESK].answers[verb] = KitError("so is it here", "install it")
    assert (kit("backup", *words).code, kit("backup", *words).out) == (1, "")


def test_a_restore_in_its_place_goes_on_beside_a_host_that_does_not_answer(kit: Kit, boxes: Mapping[str, Box]) -> None:
    away = UnreachableError("box does not answer on port 22", "switch box on")
    boxes[BOX].answers |= {"applied": away, "restore": away}
    shown = kit("backup", "restore", "latest", "--json")
    assert (shown.code, shown.document["hosts"][DESK]) == (1, boxes[DESK].answers["restore"])
    assert shown.document["hosts"][BOX]["error"]["problem"].endswith(away.problem)


def test_a_restore_of_one_host_leaves_the_other_alone(kit: Kit, boxes: Mapping[str, Box]) -> None:
    shown = kit("backup", "restore", "latest", "--host", BOX, "--json")
    assert set(shown.document["hosts"]) == {BOX}, shown.err
    assert (asked(boxes, "restore"), asked(boxes, "hold")) == ({BOX}, {BOX})
    assert boxes[DESK].asked == []


def test_a_restore_whose_checks_fail_is_taken_back_and_says_where_the_restored_data_is(
    kit: Kit, boxes: Mapping[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People may have written into it while the checks ran."""
    failed = Report((Check("answers", "main", "failed", 2.0, "it is silent"),))
    monkeypatch.setattr("deploy.verify.run.run_checks", lambda *_: failed)
    aside = {"page": "/srv/home/page/.kit-aside-1", "page_bridge": "/srv/bridge/.kit-aside-2"}
    boxes[BOX].answers["restore"] |= {"services": ["main"], "aside": aside}
    shown = kit("backup", "restore", "latest", "--host", BOX)
    assert shown.code == 1
    assert "failed their checks, and the former data is back:" in shown.err
    assert "it is silent" in shown.err
    for part, path in aside.items():
        assert f"{part} as it was restored, and what was written since: {path}" in shown.err
    assert boxes[BOX].asked.count("restore") == 2


def test_a_broken_repository_of_one_host_fails_the_check_and_is_told_of_that_host(
    kit: Kit, boxes: Mapping[str, Box]
) -> None:
    boxes[BOX].answers["check_backups"] = {**boxes[BOX].answers["check_backups"], "problems": ["keys is empty"]}
    boxes[DESK].answers["backups"] = {**boxes[DESK].answers["backups"], "problems": ["snapshots/1 is missing"]}
    shown = kit("backup", "verify")
    assert shown.code == 1
    assert shown.out.index(BOX) < shown.out.index("keys is empty")
    assert "snapshots/1 is missing" in kit("backup", "list").out


def test_the_state_of_every_hosts_backups_is_shown(kit: Kit, boxes: Mapping[str, Box], tmp_path: Path) -> None:
    spec = tmp_path / "kit.yaml"
    spec.write_text(f"{spec.read_text()}backup: {{}}\n")
    good: Any = {
        "started": "2026-11-01T02:00:00Z",
        "ended": "2026-11-01T02:00:00Z",
        "snapshot": "a",
        "passed": "2026-11-01T02:00:00Z",
    }
    for host, box in boxes.items():
        seen = {"has_restic": True, "repository": f"/mnt/{host}", "check": None, "is_running": False, "since": ""}
        box.answers["probe"] = {
            **box.answers["probe"],
            "backups": {**seen, "runs": {"daily": good}, "last": good, "good": good},
        }
    document = kit("status", "--json").document["hosts"]
    assert {host: each["backups"]["repository"] for host, each in document.items()} == {
        DESK: f"/mnt/{DESK}",
        BOX: f"/mnt/{BOX}",
    }
    assert all("the newest daily backup is" in each["backups"]["trouble"] for each in document.values())


@pytest.mark.parametrize(
    "words",
    [
        *((verb, *words) for verb in ("show", "restore", "diff") for words in ((), ("",), ("home/kit.yaml",))),
        ("diff", "latest"),
        ("diff", "latest", ""),
        ("diff", "latest", "kit.yaml"),
        ("drill", "--snapshot", "kit.yaml"),
        ("spec", "--from", "/mnt/disk2/kit", "--key", "backup.key", "--snapshot", "kit.yaml", "other.yaml"),
    ],
)
def test_a_backup_that_is_not_named_is_told_with_the_words_that_name_one(
    kit: Kit, boxes: Mapping[str, Box], words: tuple[str, ...]
) -> None:
    shown = kit("backup", *words)
    assert (shown.code, asked(boxes, "hold")) == (2, set())
    assert shown.err.splitlines()[0] == "error: the backup is not named"
    assert "`latest`, or one of the list: kit backup list" in shown.err


def with_backups(folder: Path) -> None:
    spec = folder / "kit.yaml"
    spec.write_text(f"{spec.read_text()}backup: {{}}\n")


def test_the_key_of_each_hosts_backups_is_listed_and_shown(kit: Kit, boxes: Mapping[str, Box], tmp_path: Path) -> None:
    with_backups(tmp_path)
    listed = kit("secret", "list", "--json").document["hosts"]
    for host in boxes:
        assert BACKUP_KEY in {each["name"] for each in listed[host]["secrets"]}
        assert kit("secret", "show", BACKUP_KEY, "--host", host).out.strip() == f"key of {host}"
    shown = kit("secret", "show", BACKUP_KEY)
    assert shown.code == 2
    assert f"each host has a {BACKUP_KEY} of its own" in shown.err
    assert f"kit secret show {BACKUP_KEY} --host {BOX}" in shown.err


def test_the_key_of_backups_is_shown_without_kit_lock(kit: Kit, boxes: Mapping[str, Box], tmp_path: Path) -> None:
    with_backups(tmp_path)
    for host, box in boxes.items():
        share = load_desired(tmp_path / "kit.yaml").on(host)
        deployment = next(file for file in share.bundle.files if file.path == "deployment.json")
        box.answers["applied"] = {**box.answers["applied"], "deployment": json.loads(deployment.content)}
    (tmp_path / "kit.lock").unlink()
    assert kit("secret", "show", BACKUP_KEY, "--host", BOX).out.strip() == f"key of {BOX}"
