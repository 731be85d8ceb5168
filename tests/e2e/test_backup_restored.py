"""A backup of the running stack brings accounts, chats and documents back after all of them are gone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.place import Document
from tests.e2e.stack import Stack
from tests.e2e.webui import Person

pytestmark = pytest.mark.e2e

SENTENCE = "The lighthouse keeper of Merrowby paints the stairs green each third spring."
KEY_FOLDER = "secrets/kit_backup"


def test_what_people_had_is_there_after_a_wipe_and_a_restore(stack: Stack, tmp_path: Path) -> None:
    person = Person(stack)
    chat = person.write_chat("Stairs", "They are green.")
    document = person.upload("lighthouse.txt", f"Bread rises in a warm kitchen.\n\n{SENTENCE}\n")
    with backed_up(stack, tmp_path / "disk2" / "kit"):
        taken = stack.kit("backup", "now", "--json").here
        assert taken["made"] is True
        person.write_chat("Later", "This one is not in the backup.")
        ensure_drilled(stack, taken["snapshot"])
        token = (stack.root / "secrets/open_webui/webui_secret_key").read_bytes()
        stack.kit("stop", "open_webui")
        wipe(stack)
        stack.kit("backup", "restore", "latest", "--json")
        # The service was stopped, and a restore starts what ran.
        stack.kit("start", "open_webui")

        again = Person(stack)
        assert "They are green." in again.chat_text(chat)
        assert "Later" not in again.chats().values()
        assert SENTENCE in json.dumps(again.answer("Who paints stairs in Merrowby?", document)["sources"])
        assert (stack.root / "secrets/open_webui/webui_secret_key").read_bytes() == token
        assert stack.is_settled

        chat = again.write_chat("Newest", "Written after the restore.")
        answer = stack.kit("backup", "restore", taken["snapshot"][:8], "--only", "open_webui", "--json").here
        assert answer["services"] == ["open_webui"]
        assert chat not in Person(stack).chats()
        assert (Path(answer["aside"]["open_webui"]) / "webui.db").exists()
        assert stack.kit("status", "--json").here["backups"]["trouble"] == ""


def ensure_drilled(stack: Stack, snapshot: str) -> None:
    """Let a drill prove the backup beside the running stack; its newest chat and document are the person's."""
    running = stack.containers()
    answer = stack.kit("backup", "drill", "--json").here
    assert answer["snapshot"] == snapshot
    (page,) = [part for part in answer["parts"] if part["part"] == "open_webui"]
    assert page["findings"] == [
        "signed in as kit@localhost",
        "the newest chat is there with its messages",
        "search finds the newest document",
    ]
    assert all(page["rows"][database] > 0 for database in ("webui.db", "vector_db/chroma.sqlite3"))
    assert stack.containers() == running
    assert not (stack.root / "backup/drill").exists()
    assert stack.kit("status", "--json").here["backups"]["drill"]["passed"]


def wipe(stack: Stack) -> None:
    """Remove all user data of the page."""
    for path in (stack.data / "open_webui" / "data").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def backed_up(stack: Stack, repository: Path) -> Iterator[None]:
    """Give the stack a backup for a while."""

    def wanted(spec: Document) -> None:
        spec["backup"] = {"repository": str(repository)}

    with stack.place.changed(wanted):
        stack.apply()
        yield
    stack.apply()
    forget_backups(stack)


def forget_backups(stack: Stack) -> None:
    """Remove what no destroy removes: the next scenario begins without."""
    shutil.rmtree(stack.root / KEY_FOLDER)
    (stack.root / "backups.json").unlink()
