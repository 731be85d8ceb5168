"""User data that is gone: what its folder holds and lacks, what hides it, and what to do."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker, OperatingSystem
from deploy.plan.place_questions import Chosen, Question, question_of
from deploy.plan.places import place_advice, place_operations
from tests.unit.agent.data.places import SERVICE, Host, write_chats
from tests.unit.rooms.places import webui

SYSTEM = OperatingSystem("debian", "12", "bookworm")
OR_MOUNT = "or mount the drive that it lies on"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A stack whose page has two chats, accepted."""
    found = Host(tmp_path)
    write_chats(found.data, "of the kit", "ada", chats=2)
    found.accept()
    return found


def asked(host: Host, path: Path | None = None) -> Question | None:
    place = host.place(path)
    return question_of(place, host.seen(place))


def removed(host: Host) -> None:
    shutil.rmtree(host.data)


def emptied(host: Host) -> None:
    host.empty()


def emptied_but_for_a_file_that_the_page_began(host: Host) -> None:
    host.empty()
    (host.data / "webui.db").touch()


def replaced_by_a_link_to_nothing(host: Host) -> None:
    shutil.rmtree(host.data)
    host.data.symlink_to(host.folder / "not mounted")


def replaced_by_a_link_to_an_empty_folder(host: Host) -> None:
    shutil.rmtree(host.data)
    (host.folder / "elsewhere").mkdir()
    host.data.symlink_to(host.folder / "elsewhere")


def database_alone_removed(host: Host) -> None:
    (host.data / "webui.db").unlink()
    (host.data / "uploads").mkdir()


def database_without_accounts(host: Host) -> None:
    (host.data / "uploads").mkdir()
    with closing(sqlite3.connect(host.data / "webui.db")) as connection, connection:
        connection.execute('delete from "user"')


def replaced_by_a_file(host: Host) -> None:
    shutil.rmtree(host.data)
    host.data.touch()


def database_removed_beside_many_files(host: Host) -> None:
    (host.data / "webui.db").unlink()
    for name in "abcdef":
        (host.data / name).touch()


@pytest.mark.parametrize(
    ("lose", "words"),
    [
        (removed, lambda _: "is missing"),
        (emptied, lambda _: "is empty"),
        (emptied_but_for_a_file_that_the_page_began, lambda _: "holds webui.db, but no account in webui.db"),
        (
            replaced_by_a_link_to_nothing,
            lambda host: f"is a link to {host.folder / 'not mounted'}, which is missing",
        ),
        (replaced_by_a_link_to_an_empty_folder, lambda _: "is empty"),
        (replaced_by_a_file, lambda _: "is not a folder"),
        (database_alone_removed, lambda _: "holds uploads, but no webui.db"),
        (database_removed_beside_many_files, lambda _: "holds a, b, c, d and 2 more, but no webui.db"),
        (database_without_accounts, lambda _: "holds uploads and webui.db, but no account in webui.db"),
    ],
)
def test_data_that_is_gone_is_asked_about(
    host: Host, lose: Callable[[Host], None], words: Callable[[Host], str]
) -> None:
    lose(host)
    question = asked(host)
    assert question is not None
    assert f"the data of open_webui is not there: {host.data} {words(host)}; it held" in question.problem
    assert "it held 2 chats and 2 accounts at the last apply" in question.problem
    assert question.choices == ("fresh",)
    is_filled = "holds" in words(host)
    assert question.otherwise == ("put what is missing back" if is_filled else f"put the data back, {OR_MOUNT}")
    (operation,) = place_operations({SERVICE: Chosen(question, "fresh")})
    assert ("the other files there stay" in operation.cause) == is_filled


def test_a_folder_with_files_and_no_database_is_told_as_that_also_where_data_would_move_to(host: Host) -> None:
    new = host.folder / "bridge" / "data"
    (new / "uploads").mkdir(parents=True)
    told = f"open_webui would begin empty in {new} ({new} holds uploads, but no webui.db): 2 chats and 2 accounts stay"
    assert (asked(host, new) or pytest.fail("no question")).problem.startswith(told)


def test_both_folders_without_data_are_told_together(host: Host) -> None:
    new = host.folder / "bridge" / "data"
    shutil.rmtree(host.data)
    question = asked(host, new)
    assert question is not None
    assert f"{host.data} is missing, and {new} is missing" in question.problem
    assert question.choices == ("fresh",)


def test_a_drive_that_is_not_mounted_is_named(host: Host) -> None:
    seen = host.seen()
    host.empty()
    now = replace(host.seen(), mount="/mnt/disk")
    question = question_of(host.place(), now)
    assert question is not None
    there = f"; the data was on the file system mounted at /mnt/disk, and the folder is on that of {seen.now.mount} now"
    assert question.problem.endswith(there)
    assert question.otherwise == "mount /mnt/disk again, or put the data back"
    assert seen.now.mount == now.now.mount


@pytest.mark.parametrize("before", ["/", "/srv"])
def test_a_mount_over_the_folder_is_named_as_what_hides_the_data(host: Host, before: str) -> None:
    host.empty()
    seen = host.seen()
    over = replace(seen, mount=before, now=replace(seen.now, mount="/srv/kit/home/open_webui/data"))
    question = question_of(host.place(), over)
    assert question is not None
    hides = "a file system is mounted at /srv/kit/home/open_webui/data since then and hides the files that were there"
    assert question.problem.endswith(f"; {hides}")
    assert question.otherwise == "unmount /srv/kit/home/open_webui/data"


def test_documents_that_are_gone_beside_a_database_that_stays_are_told_and_asked_nothing_about(host: Host) -> None:
    uploads = host.data / "uploads"
    uploads.mkdir()
    (uploads / "letter.txt").write_text("Dear all")
    host.accept()
    assert host.seen().gone == ()
    (uploads / "letter.txt").unlink()
    assert host.seen().gone == ("uploads",)
    uploads.rmdir()
    assert host.seen().gone == ("uploads",)
    assert asked(host) is None
    (line,) = told(host)
    assert line.startswith(f"no files of open_webui are left in {uploads}, and some were there at the last apply")
    host.accept()
    assert told(host) == []


def told(host: Host) -> list[str]:
    """Return the advice of a plan about the place."""
    service = webui(()).service
    assert service.data is not None
    there = Deployment("home", (replace(service, data=replace(service.data, host_path=str(host.data))),), ())
    return list(
        place_advice(there, Observation(Docker(), SYSTEM, systemd=True, root=True, places={SERVICE: host.seen()}))
    )
