"""A backup brings accounts, chats and documents to a box that has nothing but the repository and its key."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.lost_index import ensure_told, ensure_whole, lose_index_of
from tests.e2e.place import Document
from tests.e2e.stack import KIT, Stack, images_stay
from tests.e2e.tokens import TOKEN, keep_token, kept_tokens
from tests.e2e.webui import Person

pytestmark = pytest.mark.e2e

GRANARY = "The miller of Ostervik keeps nine blue lanterns in the granary."
SENTENCE = "The lighthouse keeper of Merrowby paints the stairs green each third spring."
KEY_FOLDER = "secrets/kit_backup"


def test_a_box_with_nothing_but_the_repository_and_its_key_gets_all_that_people_had(
    stack: Stack, tmp_path: Path
) -> None:
    person, password = Person(stack), stack.secret("webui_admin_password")
    chat = person.write_chat("Stairs", "They are green.")
    keep_token(stack, person.id)
    unfound = person.upload("granary.txt", f"{GRANARY}\n")
    document = person.upload("lighthouse.txt", f"Bread rises in a warm kitchen.\n\n{SENTENCE}\n")
    ensure_told(stack, "granary.txt", lose_index_of(stack, unfound))
    repository = tmp_path / "disk2" / "kit"
    with backed_up(stack, repository):
        taken = stack.kit("backup", "now", "--json").here
        assert taken["made"] is True
        key = kept_key(stack, tmp_path)
        person.write_chat("Later", "This one is not in the backup.")
        ensure_drilled(stack, taken["snapshot"])
        token = (stack.root / "secrets/open_webui/webui_secret_key").read_bytes()
        with emptied(stack) as former:
            take_files_out(stack, repository, key)
            moved = stack.kit("backup", "restore", "latest", "--key", str(key), "--yes", "--json").document
        assert (moved["applied"], moved["backup"]["repository"]) == (True, str(repository))

        again = Person(stack, password)
        assert "They are green." in again.chat_text(chat)
        assert "Later" not in again.chats().values()
        assert kept_tokens(stack, again.id) == [TOKEN]
        assert any("open_webui has made its index anew" in note for note in moved["hosts"]["here"]["notes"])
        ensure_whole(stack)
        assert GRANARY in json.dumps(again.answer("Who keeps lanterns in the granary?", unfound)["sources"])
        assert SENTENCE in json.dumps(again.answer("Who paints stairs in Merrowby?", document)["sources"])
        assert (stack.root / "secrets/open_webui/webui_secret_key").read_bytes() == token
        assert stack.is_settled
        ensure_refused_to_the_former_box(stack, former)

        chat = again.write_chat("Newest", "Written after the restore.")
        answer = stack.kit("backup", "restore", taken["snapshot"][:8], "--only", "open_webui", "--json").here
        assert answer["services"] == ["open_webui"]
        assert chat not in Person(stack, password).chats()
        assert (Path(answer["aside"]["open_webui"]) / "webui.db").exists()
        assert stack.kit("status", "--json").here["backups"]["trouble"] == ""


def kept_key(stack: Stack, folder: Path) -> Path:
    """Keep the key of the repository elsewhere, as a person is told to."""
    path = folder / "backup.key"
    path.write_text(stack.secret("backup_key"))
    path.chmod(0o600)
    return path


@contextmanager
def emptied(stack: Stack) -> Iterator[dict[str, Any]]:
    """Be a new box: neither kit.yaml nor data, secrets or memory of the stack; give the former box's memory."""
    memory: dict[str, Any] = json.loads((stack.root / "backups.json").read_text())
    # No release names the images of the stack until it is back.
    with images_stay("apply"):
        stack.kit("down")
        for path in (stack.root, stack.data):
            shutil.rmtree(path)
        for path in (stack.place.spec_path, stack.place.lock_path):
            path.unlink()
        yield memory


def take_files_out(stack: Stack, repository: Path, key: Path) -> None:
    """Take kit.yaml and kit.lock out of the repository."""
    words = ["--from", str(repository), "--key", str(key), "--json", str(stack.place.spec_path)]
    told = subprocess.run([KIT, "backup", "spec", *words], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["files"] == [str(stack.place.spec_path), str(stack.place.lock_path)]


def ensure_refused_to_the_former_box(stack: Stack, former: dict[str, Any]) -> None:
    """Let the former box wake up and back up into the repository that is the new box's now."""
    path, log = stack.root / "backups.json", stack.root / "backup/backups.jsonl"
    own, logged = path.read_text(), log.read_text()
    path.write_text(json.dumps(former))
    log.unlink()
    error = stack.kit("backup", "now", "--json", code=1).document["error"]
    assert "is another one" in error["problem"], error
    assert "kit backup now --take-over" in error["next"]
    path.write_text(own)
    log.write_text(logged)


def ensure_drilled(stack: Stack, snapshot: str) -> None:
    """Let a drill prove the backup beside the running stack; its newest chat and document are the person's."""
    running = stack.containers()
    answer = stack.kit("backup", "drill", "--json").here
    assert answer["snapshot"] == snapshot
    (page,) = [part for part in answer["parts"] if part["part"] == "open_webui"]
    *findings, lost = page["findings"]
    assert findings == [
        "signed in as kit@localhost",
        "the newest chat is there with its messages",
        "search finds the newest document",
    ]
    assert "of the document granary.txt: " in lost
    assert lost.endswith("a restore makes the index anew")
    assert all(page["rows"][database] > 0 for database in ("webui.db", "vector_db/chroma.sqlite3"))
    assert stack.containers() == running
    assert not (stack.root / "backup/drill").exists()
    assert stack.kit("status", "--json").here["backups"]["drill"]["passed"]


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
