"""What an apply says of backups."""

from __future__ import annotations

from pathlib import Path

from deploy.agent.kit_folders import BACKUP_KEY
from deploy.apply.prepared.prepare import Outcome
from deploy.cli.told.backups import BESIDE_DATA
from deploy.cli.told.welcome import welcome
from deploy.decide.desired import Share
from deploy.plan.operation import Operation, Plan
from deploy.stack import HERE
from deploy.verify.report import Check, Report
from tests.golden.plans_of import desired_of

PASSED = Report((Check("answers", "main", "passed", 2.0),))
KEY = Operation(f"secret {BACKUP_KEY}", "create", "not on host", "secrets")


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
