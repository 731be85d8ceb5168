"""Free space of a repository over sftp: the packets of a played server, and a model that does not fit there."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from deploy.agent.backups import room, sftp
from deploy.agent.backups.remote_room import remote_free_bytes
from deploy.agent.contract.backups import Backup
from deploy.agent.errors import AgentError
from tests.unit.agent.backups.conftest import Host

REPOSITORY = "sftp:kit@nas:/backups/home"
# As a session of OpenSSH's sftp-server begins: its version with an extension, then an answer.
HELLO = struct.pack(">IBI", 5 + 4 + 19 + 4 + 1, 2, 3) + struct.pack(">I19sI1s", 19, b"statvfs@openssh.com", 1, b"2")
FIGURES = struct.pack(">11Q", 4096, 512, 1000, 900, 800, 7, 7, 7, 7, 0, 255)
FREE = struct.pack(">IBI", 5 + len(FIGURES), 201, 1) + FIGURES
REFUSED = struct.pack(">IBIIII", 5 + 12, 101, 1, 8, 0, 0)
SERVER = """#!/usr/bin/env python3
import os, pathlib, threading, time
asked, said = (pathlib.Path("{folder}") / name for name in ("asked", "said"))
def hear():
    with asked.open("wb", 0) as kept:
        while piece := os.read(0, 65536):
            kept.write(piece)
    os._exit(0)
threading.Thread(target=hear).start()
while not asked.exists() or len(asked.read_bytes()) < 50:
    time.sleep(0.01)
os.write(1, said.read_bytes())
os.close(1)
"""
"""Like OpenSSH's, it ends with its input, whatever it has still to say."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of ssh: it keeps what it was asked, and says what lies in a file."""
    said = tmp_path / "said"
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SERVER.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return said


def free(host: Host) -> int | None:
    return remote_free_bytes(REPOSITORY, sftp.options(host.root, REPOSITORY, None))


def test_the_server_is_asked_for_the_folder_of_the_repository(host: Host, server: Path) -> None:
    server.write_bytes(HELLO + FREE)
    assert free(host) == 512 * 800
    asked = (server.parent / "asked").read_bytes()
    path = b"/backups/home"
    extended = struct.pack(">IBII", 5 + 4 + 19 + 4 + len(path), 200, 1, 19) + b"statvfs@openssh.com"
    assert asked == struct.pack(">IBI", 5, 1, 3) + extended + struct.pack(">I", len(path)) + path


@pytest.mark.parametrize("said", [b"", HELLO, HELLO + REFUSED, HELLO + FREE[:20], b"Welcome!\n", FREE + HELLO])
def test_a_server_that_does_not_say_is_asked_no_more(host: Host, server: Path, said: bytes) -> None:
    server.write_bytes(said)
    assert free(host) is None


def test_a_model_without_room_on_the_other_machine_stays_out(host: Host, server: Path, tmp_path: Path) -> None:
    server.write_bytes(HELLO + FREE)
    nothing: Backup = {"format": 1, "stack": "home", "repository": "", "keep": {}, "data": [], "stores": []}
    backup: Backup = {**nothing, "repository": REPOSITORY}
    at = room.Room(host.root, backup, tmp_path)
    at.take(tmp_path, {"sha256-1": 400_000})
    with pytest.raises(AgentError, match=f"not enough disk at {REPOSITORY}: .* needed for its weights, .* free"):
        at.take(tmp_path, {"sha256-2": 9_601})
    at.take(tmp_path, {"sha256-2": 9_600})
    server.write_bytes(HELLO + REFUSED)
    at.take(tmp_path, {"sha256-3": 10**12})
