"""A way over SSH to this machine itself: the sshd of a lab host, whose shell enters the namespaces of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.lab.host import lab_host
from tests.e2e.lab.person import with_ssh_files
from tests.e2e.place import Place
from tests.e2e.stack import Stack

SHELL = """\
#!/bin/sh
exec nsenter --target {pid} --mount --uts --ipc --net -- /bin/sh "$@"
"""


@contextmanager
def over_ssh(stack: Stack, folder: Path) -> Iterator[Stack]:
    """Give the stack as a person on another machine types its commands."""
    files, place = folder / "ssh", Place(folder / "person", stack.name)
    files.mkdir(mode=0o700)
    place.folder.mkdir()
    with lab_host("bookworm", "init", folder, "--pid", "host") as door:
        shell = SHELL.format(pid=os.getpid())
        door.read("sh", "-c", f"echo '{shell}' >/bin/here && chmod 755 /bin/here && usermod --shell /bin/here root")
        (files / "known_hosts").write_text(f"{door.address} {door.shown_key}\n")
        hosts = {"box": {"address": door.address, "user": "root", "identity": str(folder / "key")}}
        place.write({**stack.place.spec, "hosts": hosts})
        yield Stack(place, stack.evidence, with_ssh_files(files))
