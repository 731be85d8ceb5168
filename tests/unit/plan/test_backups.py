"""A backup in kit.yaml: files of the release, the program that it needs, its key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.journal import Journal
from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.releases import place
from deploy.apply.phases.needed import steps_of
from deploy.apply.phases.phase import RoleStep, VerbStep, phases_of
from deploy.apply.requests.releases import place_request
from deploy.decide.desired import Share
from deploy.hosts.observation.backups import SeenBackups
from deploy.hosts.observation.observe import read_observation
from deploy.plan import make_plan
from deploy.verify.backups import backup_check
from tests.golden.hosts import settled
from tests.golden.plans_of import PLANS, desired_of

WANTED = '{repository: /mnt/disk2/kit, daily_at: "03:30", keep: {last: 3, daily: 0, weekly: 0}}'
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def with_backup(tmp_path: Path) -> Callable[..., Share]:
    """Make the share of a kit.yaml that has a backup."""

    def make(backup: str = WANTED, comment: str = "") -> Share:
        case = tmp_path / "case"
        case.mkdir(exist_ok=True)
        text = (PLANS / "settled/kit.yaml").read_text()
        assert "backup: null" in text
        (case / "kit.yaml").write_text(text.replace("backup: null", f"backup: {backup}") + comment)
        return desired_of(case / "kit.yaml", tmp_path)

    return make


def files_of(share: Share) -> dict[str, str]:
    return {file.path: file.content for file in share.bundle.files}


def test_a_release_says_what_its_backup_is(with_backup: Callable[..., Share]) -> None:
    files = files_of(with_backup())
    said: Any = json.loads(files["backup.json"])
    assert (said["repository"], said["keep"]["last"], said["keep"]["daily"]) == ("/mnt/disk2/kit", 3, 0)
    (page,) = [data for data in said["data"] if data["service"] == "open_webui"]
    assert page["items"][0] == {"sqlite": "webui.db"}
    assert page["left_out"] == ["cache/embedding", "cache/tiktoken", "cache/whisper"]
    assert "repository: /mnt/disk2/kit" in files["spec/kit.yaml"]
    assert files["spec/kit.lock"]
    assert "OnCalendar=*-*-* 03:30:00" in files["units/kit-home.backup.timer"]


def test_an_agent_takes_every_file_of_the_release(
    with_backup: Callable[..., Share], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine may have no Compose; the end-to-end scenario of a restore has the real one.
    monkeypatch.setattr(place, "check_file", lambda *_: None)
    share = with_backup()
    request = place_request(share.deployment, share.bundle, "run-1")
    answer = place.run({**request, "root": str(tmp_path / "home")}, Journal("", ""))
    assert len(answer["placed"]) == len(share.bundle.placed())


def test_without_a_place_the_repository_lies_beside_the_data(with_backup: Callable[..., Share]) -> None:
    assert json.loads(files_of(with_backup("{}"))["backup.json"])["repository"] == "/srv/kit-backups/home"


def test_a_boot_is_followed_by_a_backup_where_kit_yaml_says_so(with_backup: Callable[..., Share]) -> None:
    timer = "units/kit-home.backup.timer"
    assert "OnBootSec=300" in files_of(with_backup("{after_boot: 5m}"))[timer]
    assert "OnBootSec" not in files_of(with_backup("{}"))[timer]


def test_a_weekly_drill_is_a_job_of_its_own(with_backup: Callable[..., Share]) -> None:
    files = files_of(with_backup('{daily_at: "23:30", drill: weekly}'))
    assert "OnCalendar=Sun *-*-* 00:30:00" in files["units/kit-home.backup-drill.timer"]
    assert '"verb": "drill"' in files["units/backup-drill.json"]
    assert "units/kit-home.backup-drill.timer" not in files_of(with_backup("{}"))


def test_a_failed_drill_is_told_until_one_passes() -> None:
    failed: Any = {"ended": "2026-11-28T02:00:00Z", "snapshot": "a", "problem": "search does not find the document"}
    seen = SeenBackups(has_restic=True, drill=failed)
    assert seen.troubles(NOW) == ["the last drill failed: search does not find the document"]
    passed: Any = {"ended": "2026-11-28T03:00:00Z", "snapshot": "a", "problem": "", "passed": "2026-11-28T03:00:00Z"}
    assert replace(seen, drill=passed).troubles(NOW) == []


def test_a_watch_is_a_job_of_its_own(with_backup: Callable[..., Share]) -> None:
    files = files_of(with_backup("{watch_every: 5m}"))
    assert "OnUnitInactiveSec=300" in files["units/kit-home.backup-watch.timer"]
    assert json.loads(files["units/backup-watch.json"])["request"] == {"watch_seconds": 300}
    assert not [path for path in files_of(with_backup("{}")) if "watch" in path]


@pytest.mark.parametrize(
    ("written", "released"),
    [("{}", "own"), ("{weights: own}", "own"), ("{weights: all}", "all"), ("{weights: none}", None)],
)
def test_models_that_somebody_made_are_in_a_backup_unless_kit_yaml_says_otherwise(
    with_backup: Callable[..., Share], written: str, released: str | None
) -> None:
    assert json.loads(files_of(with_backup(written))["backup.json"]).get("weights") == released


def test_a_null_of_a_former_kit_means_none(with_backup: Callable[..., Share]) -> None:
    null, none = (files_of(with_backup(f"{{weights: {word}}}")) for word in ("null", "none"))
    assert null["backup.json"] == none["backup.json"]


def test_a_repository_over_sftp_has_its_way_in_the_release(with_backup: Callable[..., Share]) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0x8LkF5mN2qRz1uV7wYbQe4tHsGdPcXo6iKaMnBvWl"
    way = f'{{port: 2222, identity: /root/.ssh/backup, host_key: "{key}"}}'
    said = json.loads(files_of(with_backup(f'{{repository: "sftp:kit@nas.lan:/k", ssh: {way}}}'))["backup.json"])
    assert said["repository"] == "sftp:kit@nas.lan:/k"
    assert said["ssh"] == {"port": 2222, "identity": "/root/.ssh/backup", "host_key": key}
    assert "ssh" not in json.loads(files_of(with_backup())["backup.json"])


def test_a_comment_places_no_other_release(with_backup: Callable[..., Share]) -> None:
    assert with_backup().bundle.release == with_backup(comment="\n# for the office\n").bundle.release


def test_a_plan_installs_restic_makes_the_key_and_places_the_timer(with_backup: Callable[..., Share]) -> None:
    share = with_backup()
    host = read_observation(settled(share))
    bare = replace(host, secrets={key: seen for key, seen in host.secrets.items() if key[0] != BACKUP_OWNER})
    plan = make_plan(share.deployment, share.bundle, bare)
    told = {(each.resource, each.action) for each in plan.operations}
    assert {("package restic", "install"), (f"secret {BACKUP_KEY}", "create")} <= told
    assert any(resource.startswith("job file") for resource, _ in told)
    steps = steps_of(share.deployment, bare, plan)
    assert {RoleStep("backup"), VerbStep("units"), VerbStep("secrets")} <= steps
    ready = replace(bare, backups=SeenBackups(has_restic=True))
    again = make_plan(share.deployment, share.bundle, ready)
    assert "package restic" not in {each.resource for each in again.operations}


def test_a_backup_comes_before_another_image_writes_user_data(with_backup: Callable[..., Share]) -> None:
    share = with_backup()
    host = replace(read_observation(settled(share)), backups=SeenBackups(has_restic=True))
    assert "backup" not in {each.resource for each in make_plan(share.deployment, share.bundle, host).operations}
    other = replace(host, services={**host.services, "open_webui": replace(host.services["open_webui"], image_id="x")})
    plan = make_plan(share.deployment, share.bundle, other)
    assert "take      backup              before the image of open_webui changes\n" in plan.text()
    steps = steps_of(share.deployment, other, plan)
    names = [phase.name for phase in phases_of({"here": steps})]
    assert names.index("back_up") < names.index("place") < names.index("converge")
    # The gateway has no user data.
    other = replace(host, services={**host.services, "litellm": replace(host.services["litellm"], image_id="x")})
    assert "backup" not in {each.resource for each in make_plan(share.deployment, share.bundle, other).operations}


@pytest.mark.parametrize("backup", [WANTED, "null"])
def test_a_change_of_the_image_without_a_backup_is_told(with_backup: Callable[..., Share], backup: str) -> None:
    before, share = with_backup("null"), with_backup(backup)
    host = read_observation(settled(before))
    other = replace(host, services={**host.services, "open_webui": replace(host.services["open_webui"], image_id="x")})
    plan = make_plan(share.deployment, share.bundle, other)
    why = "kit.yaml has none" if backup == "null" else "the release that runs has none yet"
    assert f"note: no backup before the image of open_webui changes, for {why}; a copy" in plan.text()
    assert VerbStep("back_up") not in steps_of(share.deployment, other, plan)


def test_a_plan_says_that_the_backups_of_a_host_end(with_backup: Callable[..., Share]) -> None:
    before, after = with_backup(), with_backup("null")
    host = read_observation(settled(before))
    (told,) = [words for words in make_plan(after.deployment, after.bundle, host).advice if "backup" in words]
    assert told.startswith("the daily backups end")
    assert "`backup: {}`" in told
    assert not [words for words in make_plan(before.deployment, before.bundle, host).advice if "backup" in words]


def test_what_is_wrong_with_backups_fails_the_check_and_is_told_in_a_line_each() -> None:
    good: Any = {"started": "2026-11-28T02:00:00Z", "ended": "2026-11-28T02:01:00Z", "passed": "2026-11-28T02:01:00Z"}
    full: Any = {**good, "passed": "2026-11-27T02:01:00Z", "problem": "the disk of /mnt is full"}
    fine = SeenBackups(has_restic=True, last=good, good=good, runs={"daily": good, "watch": good})
    assert (fine.troubles(NOW), backup_check(fine, NOW).outcome) == ([], "passed")
    failed = replace(fine, runs={"daily": full, "watch": full})
    words = [f"the last {each} failed: the disk of /mnt is full" for each in ("daily backup", "watch for changes")]
    assert failed.troubles(NOW) == words
    check = backup_check(failed, NOW)
    assert (check.outcome, check.message) == ("failed", "; ".join(words))
