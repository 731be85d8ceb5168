"""A person of the host who reaches the page's files through the bridge, without being root."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.evidence import Ran
from tests.e2e.processes import descendants, read
from tests.e2e.stack import Stack
from tests.e2e.webui import Person
from tests.waiting import wait_until

UID = 12345
LETTER = "Dear all, the ferry leaves at nine."
FILES = 6
EDITOR = """\
import pathlib, sqlite3, sys, time
before, after, cut, copy = sys.argv[1:]
with sqlite3.connect(copy) as connection:
    changed = connection.execute("update chat set title = ? where title = ?", (after, before)).rowcount
assert changed == 1, changed
connection.close()
while not pathlib.Path(cut).exists():
    time.sleep(0.2)
"""


def as_person(*argv: str) -> None:
    """Run a command as the person."""
    subprocess.run(argv, check=True, user=UID, group=UID, extra_groups=[], capture_output=True)


def letter_of(stack: Stack) -> str:
    """Return what the page answers at the address of the person's file."""
    address = f"{stack.service('open_webui').address}/static/uploads/letter.txt"
    with urllib.request.urlopen(address) as answer:
        return str(answer.read().decode())


def a_file_answers_and_its_change_is_told(stack: Stack, reached: Stack, bridge: Path, folder: Path) -> None:
    """Put a file into static/uploads while a watch goes on."""
    own = folder / "letter.txt"
    own.write_text(LETTER)
    own.chmod(0o644)
    target = bridge / "static" / "uploads" / "letter.txt"
    with reached.running("bridge watch") as process:
        assert process.stdout is not None
        with touching(own, target):
            line = next(line for line in process.stdout if f" {target} " in line)
        assert line.endswith(" MiB\n")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert letter_of(stack) == LETTER


@contextmanager
def touching(own: Path, target: Path) -> Iterator[None]:
    """Put a file there and touch it again and again: the first look may come after it, and tells only later changes."""
    as_person("cp", str(own), str(target))
    over = threading.Event()

    def touch() -> None:
        while not over.wait(1):
            as_person("touch", str(target))

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def everything_is_told(reached: Stack, bridge: Path) -> None:
    """Look at the folders, their owners and the open database."""
    told = answer_of(reached.kit("bridge status", "--json"))
    folders = {folder["container_path"]: folder for folder in told["folders"]}
    assert {path: folder["host_path"] for path, folder in folders.items()} == {
        "/data": f"{bridge}/data",
        "/static/uploads": f"{bridge}/static/uploads",
        "/config": f"{bridge}/config",
    }
    assert (folders["/data"]["gid"], folders["/data"]["mode"]) == (UID, "0750")
    assert (folders["/static/uploads"]["uid"], folders["/static/uploads"]["files"]) == (UID, 1)
    (database, *_) = told["databases"]
    assert {opener["service"] for opener in database["opened_by"]} == {"open_webui"}


def a_copy_by_hand_is_whole_and_an_interrupted_edit_changes_nothing(
    stack: Stack, bridge: Path, folder: Path, title: str
) -> None:
    """Copy the closed database as the person while its copy is being edited, and press Ctrl-C."""
    before, by_hand = Person(stack).chats(), folder / "webui.db"
    with stack.running("bridge edit-db", "--with", "sh -c 'sleep 600'") as process:
        assert process.stderr is not None
        assert any("editing " in line for line in iter(process.stderr.readline, ""))
        (database, *_) = stack.kit("bridge status", "--json").here["databases"]
        assert database["opened_by"] == []
        as_person("cp", *map(str, sorted((bridge / "data").glob("webui.db*"))), str(by_hand.parent))
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(120) == 130
    wait_until(
        lambda: stack.service("open_webui").health == "healthy",
        "the page runs again",
        saw=lambda: stack.service("open_webui"),
    )
    assert title in titles(by_hand)
    assert Person(stack).chats() == before
    assert not list((bridge / "data").glob(".kit-edited*"))


def an_edit_outlives_its_connection_and_takes_effect(stack: Stack, reached: Stack, before: str, after: str) -> None:
    """Lose the connection while a chat's title is changed in the copy: the page runs, and the named line goes on."""
    script, cut = reached.place.folder / "edit.py", reached.place.folder / "cut"
    script.write_text(EDITOR)
    chats = Person(stack).chats()
    words = f"{sys.executable} {script} '{before}' '{after}' {cut}"
    with reached.running("bridge edit-db", "--with", words) as process:
        assert process.stderr is not None
        assert any("editing " in line for line in iter(process.stderr.readline, ""))
        end_connection(process.pid)
        wait_until(
            lambda: stack.service("open_webui").health == "healthy",
            "the page runs again",
            saw=lambda: stack.service("open_webui"),
        )
        cut.touch()
        told = process.communicate(timeout=60)[1]
    named = re.search(r"your edited copy is (\S+):", told)
    assert process.returncode == 1, told
    assert named, told
    assert Person(stack).chats() == chats

    answer = answer_of(reached.kit("bridge edit-db", "--with", f"cp {named[1]}", "--json"))
    shutil.rmtree(Path(named[1]).parent)
    assert before in titles(Path(answer["aside"]) / "webui.db")
    assert after in Person(stack).chats().values()
    # The person's file answers after this restart of the page.
    assert letter_of(stack) == LETTER


def end_connection(pid: int) -> None:
    """Kill every ssh of a run."""
    sessions = [one for one in descendants(pid) if read(Path(f"/proc/{one}/cmdline")).startswith(b"ssh\0")]
    assert sessions
    for session in sessions:
        os.kill(session, signal.SIGKILL)


def a_new_container_has_all_of_it(stack: Stack, title: str) -> None:
    """Let an apply make the container anew."""
    former = stack.service("open_webui")
    former.container.remove(force=True)
    stack.apply()
    assert stack.service("open_webui").id != former.id
    assert letter_of(stack) == LETTER
    assert title in Person(stack).chats().values()


def a_lost_file_comes_back_while_the_page_goes_on(stack: Stack, bridge: Path) -> None:
    """Restore the person's own files alone."""
    letter, page = bridge / "static" / "uploads" / "letter.txt", stack.service("open_webui")
    stack.kit("backup", "now", "--json")
    as_person("rm", str(letter))
    answer = stack.kit("backup restore", "latest", "--only", "open_webui_bridge", "--json").here
    assert answer["parts"] == ["open_webui_bridge"]
    assert letter.stat().st_uid == UID
    assert letter_of(stack) == LETTER
    assert stack.service("open_webui") == page


def answer_of(ran: Ran) -> Any:
    """Return what the document says of its only host."""
    (answer,) = ran.document["hosts"].values()
    return answer


def titles(database: Path) -> list[str]:
    """Return the titles of chats in a closed database that passes its check, those in its log too."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        return sorted(title for (title,) in connection.execute("select title from chat"))


def many_files_are_added_once(stack: Stack, reached: Stack, folder: Path) -> None:
    """Add files to a knowledge base twice, an empty one among them."""
    names = [folder / f"harbour {number} é.txt" for number in range(FILES)]
    for number, path in enumerate(names):
        path.write_text(f"Berth {number} of the harbour of Merrowby is {number + 4} metres deep.\n")
    empty = folder / "empty.txt"
    empty.write_text("")
    words = ("bridge add", "--to", "Harbour", "--json", *map(str, (names[0], empty)))
    first = answer_of(reached.kit(*words, code=1))
    assert (first["added"], [each["name"] for each in first["refused"]]) == ([names[0].name], ["empty.txt"])
    second = answer_of(reached.kit("bridge add", "--to", "Harbour", "--json", *map(str, names)))
    assert (len(second["added"]), second["present"], second["refused"]) == (FILES - 1, [names[0].name], [])
    person = Person(stack)
    (base,) = [each for each in person.ask("/api/v1/knowledge/")["items"] if each["name"] == "Harbour"]
    held = person.ask(f"/api/v1/knowledge/{base['id']}/files")["items"]
    assert sorted(file["filename"] for file in held) == sorted(path.name for path in names)
