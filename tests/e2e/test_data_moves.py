"""A service whose data would stay elsewhere, or is not there, never begins empty in silence, and loses no chat."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import at_the_bridge
from tests.e2e.lab.way_here import over_ssh
from tests.e2e.place import Document
from tests.e2e.stack import Stack
from tests.e2e.test_backup_restored import forget_backups
from tests.e2e.webui import Person

pytestmark = pytest.mark.e2e

TITLE, EDITED = "what the harbour master said", "what the harbour master wrote"


def test_a_bridge_takes_the_chats_along_and_an_emptied_folder_is_told_by_all(
    stack: Stack, bridge: Path, desk: Path, tmp_path: Path
) -> None:
    chat = Person(stack).write_chat(TITLE, "the tide turns at six")

    def write(spec: Document) -> None:
        spec["webui"] |= {"bridge": str(bridge), "bridge_user": f"{at_the_bridge.UID}:{at_the_bridge.UID}"}
        spec["backup"] = {"repository": str(tmp_path / "disk2" / "kit")}

    with stack.place.changed(write):
        refused = stack.apply(code=1)
        assert f"chats and 2 accounts stay in {stack.data}/open_webui/data" in refused.err.replace(
            "1 chat ", "1 chats "
        )
        assert "apply --data move" in refused.document["error"]["next"]
        assert not (bridge / "data").exists()

        stack.apply("--data", "move")
        assert TITLE in Person(stack).chats().values()
        assert "the tide turns" in Person(stack).chat_text(chat)
        assert (stack.data / "open_webui" / "data" / "webui.db").exists()
        assert stack.is_settled

        with over_ssh(stack, tmp_path) as reached:
            at_the_bridge.a_file_answers_and_its_change_is_told(stack, reached, bridge, desk)
            at_the_bridge.everything_is_told(reached, bridge)
            at_the_bridge.a_copy_by_hand_is_whole_and_an_interrupted_edit_changes_nothing(stack, bridge, desk, TITLE)
            at_the_bridge.an_edit_outlives_its_connection_and_takes_effect(stack, reached, TITLE, EDITED)
            at_the_bridge.many_files_are_added_once(stack, reached, desk)
        at_the_bridge.a_new_container_has_all_of_it(stack, EDITED)
        at_the_bridge.a_lost_file_comes_back_while_the_page_goes_on(stack, bridge)

        an_emptied_folder_is_told_by_all(stack, bridge / "data")

    # Nothing was written since: the old folder has all of it.
    stack.apply()
    assert TITLE in Person(stack).chats().values()
    forget_backups(stack)


def an_emptied_folder_is_told_by_all(stack: Stack, data: Path) -> None:
    """Look at a folder that is empty for a while, as by a drive that is not mounted."""
    with emptied(data):
        assert any("is empty" in line for line in stack.kit("status", "--check", "--json", code=3).here["drift"])
        report = stack.kit("verify", "open_webui", "--json", code=1).here
        red = {check["name"] for check in report["checks"] if check["outcome"] == "failed"}
        assert "its data is the data of before" in red
        (refusal,) = stack.kit("plan", "--json", code=1).here["refusals"]
        assert "the data of open_webui is not there" in refusal["problem"]
    assert stack.is_settled


@contextmanager
def emptied(folder: Path) -> Iterator[None]:
    """Leave a folder without anything in it for a while, as a drive that is not mounted does."""
    owner, away = folder.stat(), folder.with_name("away")
    folder.rename(away)
    folder.mkdir(mode=0o700)
    shutil.chown(folder, owner.st_uid, owner.st_gid)
    yield
    folder.rmdir()
    away.rename(folder)


@pytest.fixture
def bridge(stack: Stack) -> Iterator[Path]:
    """A folder of a person's own."""
    with folder_of_a_person(f"{stack.name}-bridge") as folder:
        yield folder


@pytest.fixture
def desk(stack: Stack) -> Iterator[Path]:
    """Another one, with files that are to go into the page."""
    with folder_of_a_person(f"{stack.name}-desk") as folder:
        yield folder


@contextmanager
def folder_of_a_person(name: str) -> Iterator[Path]:
    """Make a folder that a person of this machine owns."""
    folder = Path("/srv") / name
    folder.mkdir()
    shutil.chown(folder, at_the_bridge.UID, at_the_bridge.UID)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
