"""Restores from a repository that the host only reads."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups import carried, restore, spec
from deploy.agent.contract.frames import framed, unframed
from deploy.agent.contract.restores import OtherRepository
from deploy.agent.data.restoring import FETCHED, brought_folder, left_by_restores
from deploy.agent.errors import AgentError
from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from tests.unit.agent.backups.conftest import KEY, QUIET, Docker, Host, host_in, said


@pytest.fixture
def new(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A new host of the same stack, with other data and a repository and a key of its own."""
    new = host_in(tmp_path / "new", repository)
    (new.data / "uploads/letter.txt").write_text("welcome")
    monkeypatch.setattr(restore, "Docker", Docker)
    monkeypatch.setattr(restore, "stop_container", lambda *_: None)
    monkeypatch.setattr(restore, "start", lambda *_: None)
    return new


def restored(host: Host, other: OtherRepository, snapshot: str = "latest") -> Any:
    request: Any = {**host.request, "snapshot": snapshot, "other": other}
    return restore.run(request, QUIET)


def files_of(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_stack_comes_from_the_other_repository_which_stays_as_it_is(host: Host, new: Host) -> None:
    host.say("moved")
    host.secret("page", "token", "the former token")
    host.back_up()
    before = files_of(host.repository)
    # The new host's own key opens its own repository alone.
    new.lose_repository()
    new.secret(BACKUP_OWNER, BACKUP_KEY, "another key")
    answer = restored(new, {"repository": str(host.repository), "key": KEY})
    assert answer["parts"] == ["page", "secrets"]
    assert said(new.database) == ["first", "moved"]
    assert (new.root / "secrets/page/token").read_text() == "the former token"
    assert (new.root / "secrets" / BACKUP_OWNER / BACKUP_KEY).read_text() == "another key"
    assert files_of(host.repository) == before
    assert (Path(answer["aside"]["page"]) / "uploads/letter.txt").read_text() == "welcome"
    assert answer["saved"] in {each["id"] for each in new.listed()["snapshots"]}, "the new host's own repository has it"


def test_a_secret_that_the_other_host_did_not_have_stays(host: Host, new: Host) -> None:
    host.secret("page", "token", "the former token")
    host.back_up()
    new.secret("page", "key_of_a_new_engine", "a key")
    (new.root / "secrets/page/key_of_a_new_engine").chmod(0o440)
    restored(new, {"repository": str(host.repository), "key": KEY})
    assert (new.root / "secrets/page/token").read_text() == "the former token"
    assert (new.root / "secrets/page/key_of_a_new_engine").read_text() == "a key"
    assert (new.root / "secrets/page/key_of_a_new_engine").stat().st_mode & 0o777 == 0o440


def test_secrets_whose_restore_ends_on_a_full_disk_are_the_former_ones_again(
    host: Host, new: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.secret("page", "token", "the former token")
    host.back_up()
    new.secret("page", "token", "the new token")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/opt")

    monkeypatch.setattr(restore, "keep_other_secrets", full)
    with pytest.raises(AgentError, match="the former data is back: the disk of /opt is full") as failure:
        restored(new, {"repository": str(host.repository), "key": KEY})
    assert failure.value.next_step == "free some space there, then run the same command again"
    assert (new.root / "secrets/page/token").read_text() == "the new token"
    assert (new.data / "uploads/letter.txt").read_text() == "welcome"


def test_a_way_back_that_fails_proposes_no_further_restore(new: Host, tmp_path: Path) -> None:
    request: Any = {**new.request, "back": {"page": str(tmp_path / "gone")}}
    with pytest.raises(AgentError) as failure:
        restore.run(request, QUIET)
    assert "`kit apply`" in failure.value.next_step


def test_a_copy_of_a_secret_that_this_host_owns_does_not_replace_the_original(host: Host, new: Host) -> None:
    host.secret("page", "token", "the former token")
    host.secret("edge", "key", "the same key")
    host.back_up()
    manifest = new.root / "current/manifest.json"
    document = json.loads(manifest.read_text())
    document["services"]["edge"] = {"image": "kit/edge:1", "files": {}}
    manifest.write_text(json.dumps(document))
    new.secret("edge", "key", "the same key")
    original = new.root / "secrets/edge/key"
    os.chown(original, 10110, 10110)
    answer = restored(new, {"repository": str(host.repository), "key": KEY})
    assert (new.root / "secrets/page/token").read_text() == "the former token"
    assert original.stat().st_uid == 10110
    request: Any = {**new.request, "back": answer["aside"]}
    restore.run(request, QUIET)
    assert (new.root / "secrets/page/token").read_text() == "a token"
    assert original.stat().st_uid == 10110


def test_a_wrong_key_changes_nothing(host: Host, new: Host) -> None:
    host.back_up()
    with pytest.raises(AgentError, match="the given key does not open the repository") as failure:
        restored(new, {"repository": str(host.repository), "key": "no key"})
    assert "--key" in failure.value.next_step
    assert (new.data / "uploads/letter.txt").read_text() == "welcome"


def test_the_key_of_another_repository_stays_in_no_open_file(host: Host, new: Host) -> None:
    host.back_up()
    before = len(list(Path("/proc/self/fd").iterdir()))
    restored(new, {"repository": str(host.repository), "key": KEY})
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def brought(host: Host, new: Host, monkeypatch: pytest.MonkeyPatch, cut: int | None = None) -> OtherRepository:
    """Send the repository over the frames of a connection, which may break off."""

    class Connection:
        def __init__(self) -> None:
            self.bytes = b"".join(framed(carried.give(host.request, QUIET)))[:cut]

        def read(self, size: int) -> bytes:
            piece, self.bytes = self.bytes[:size], self.bytes[size:]
            return piece

    monkeypatch.setattr(carried, "piped", lambda _name: unframed(Connection()))  # type: ignore[arg-type]
    request: Any = {**new.request, "repository": str(host.repository)}
    return {"repository": carried.take(request, QUIET)["repository"], "key": KEY}


def test_a_repository_comes_from_another_host_for_as_long_as_the_restore(
    host: Host, new: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.say("moved")
    host.back_up()
    (host.repository / "locks" / "left").write_text("of a killed run")
    other = brought(host, new, monkeypatch)
    assert not (Path(other["repository"]) / "locks/left").exists()
    assert restored(new, other)["parts"] == ["page"]
    assert said(new.database) == ["first", "moved"]
    assert not brought_folder(new.root).exists()


def test_what_killed_moves_and_restores_leave_goes_with_the_next_backup(
    host: Host, new: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.back_up()
    # The control node dies before the restore.
    brought(host, new, monkeypatch)
    for place in (new.root, new.data):
        (place / FETCHED).mkdir()
        (place / FETCHED / "token").write_text("a secret")
    assert left_by_restores(new.root) == [brought_folder(new.root), new.root / FETCHED, new.data / FETCHED]
    new.back_up()
    assert left_by_restores(new.root) == []
    assert (new.data / "uploads/letter.txt").read_text() == "welcome"


def test_a_connection_that_breaks_off_leaves_nothing(host: Host, new: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.back_up()
    with pytest.raises(AgentError, match="ended before its end"):
        brought(host, new, monkeypatch, cut=4000)
    assert not brought_folder(new.root).exists()


def test_a_repository_whose_drive_is_gone_is_given_to_nobody(host: Host) -> None:
    host.back_up()
    host.lose_repository()
    with pytest.raises(AgentError, match="is no repository on a disk of this host"):
        list(carried.give(host.request, QUIET))


SPEC = 'kit: 1\nstack: home\nwebui: {name: "Grüße"}\n'


def taken_out(host: Host, snapshot: str = "latest") -> Any:
    request: Any = {"other": {"repository": str(host.repository), "key": KEY}, "snapshot": snapshot}
    return spec.run(request, QUIET)


def with_files(host: Host, stack: str) -> None:
    (host.root / "current/spec").mkdir(exist_ok=True)
    (host.root / "current/spec/kit.yaml").write_text(SPEC.replace("home", stack))
    (host.root / "current/spec/kit.lock").write_text("kit: 0.1\n")


def test_the_files_in_git_come_out_of_a_repository_as_they_were(host: Host) -> None:
    with_files(host, "home")
    taken = host.back_up()["snapshot"]
    # Nothing of the stack is left.
    shutil.rmtree(host.root)
    answer = taken_out(host)
    assert (answer["snapshot"], answer["stack"]) == (taken, "home")
    assert answer["files"] == {"kit.yaml": SPEC, "kit.lock": "kit: 0.1\n"}


def test_of_two_stacks_in_one_repository_a_person_names_the_backup(host: Host) -> None:
    with_files(host, "home")
    host.back_up()
    path = host.root / "current/backup.json"
    path.write_text(path.read_text().replace('"stack": "home"', '"stack": "other"'))
    with_files(host, "other")
    # Such a run removes none of the others.
    other = host.back_up(before="destroy")["snapshot"]
    with pytest.raises(AgentError, match="has backups of home and other") as failure:
        taken_out(host)
    assert other[:8] in failure.value.next_step
    assert taken_out(host, other[:8])["stack"] == "other"


def test_a_backup_of_an_older_kit_without_the_files_is_told(host: Host) -> None:
    host.back_up()
    with pytest.raises(AgentError, match="cannot be read"):
        taken_out(host)
