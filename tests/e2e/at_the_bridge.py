"""A person of the host who reaches the page's files through the bridge, without being root."""

from __future__ import annotations

import signal
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.stack import Stack

UID = 12345
LETTER = "Dear all, the ferry leaves at nine."


def as_person(*argv: str) -> None:
    """Run a command as the person."""
    subprocess.run(argv, check=True, user=UID, group=UID, extra_groups=[], capture_output=True)


def letter_of(stack: Stack) -> str:
    """Return what the page answers at the address of the person's file."""
    address = f"{stack.service('open_webui').address}/static/uploads/letter.txt"
    with urllib.request.urlopen(address) as answer:
        return str(answer.read().decode())


def a_file_answers_and_its_change_is_told(stack: Stack, bridge: Path, folder: Path) -> None:
    """Put a file into static/uploads while a watch goes on."""
    own = folder / "letter.txt"
    own.write_text(LETTER)
    own.chmod(0o644)
    target = bridge / "static" / "uploads" / "letter.txt"
    with stack.running("bridge watch") as process:
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


def everything_is_told(stack: Stack, bridge: Path) -> None:
    """Look at the folders, their owners and the open database."""
    told = stack.kit("bridge status", "--json").here
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
