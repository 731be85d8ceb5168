"""A socket of the user's leads to one of root's for as long as the asker is there."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.tree import REPOSITORY

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, as which a host runs the agent")
PROGRAM = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
from deploy.agent import relay
relay.FOLDERS = sys.argv[1]
relay.run({{"path": sys.argv[2], "uid": 65534}}, None)
"""


def echo(listener: socket.socket) -> None:
    """Answer until the listener is closed."""
    with contextlib.suppress(OSError):
        while True:
            near, _ = listener.accept()
            with near:
                while piece := near.recv(65536):
                    near.sendall(piece)


def test_bytes_go_both_ways_and_the_folder_is_the_users_alone(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "root.sock"))
        listener.listen()
        threading.Thread(target=echo, args=(listener,), daemon=True).start()
        argv = [sys.executable, "-c", PROGRAM, str(tmp_path), str(tmp_path / "root.sock")]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as agent:
            assert agent.stdin is not None
            assert agent.stdout is not None
            place = Path(json.loads(agent.stdout.readline())["socket"])
            status = place.parent.stat()
            assert (status.st_uid, status.st_mode & 0o777) == (65534, 0o700)
            for size in (1, 3_000_000):
                assert asked(place, b"x" * size) == b"x" * size
            agent.stdin.close()
        assert agent.returncode == 0
        assert not place.parent.exists()


def _send(near: socket.socket, content: bytes) -> None:
    near.sendall(content)
    near.shutdown(socket.SHUT_WR)


def asked(place: Path, content: bytes) -> bytes:
    answer = b""
    with socket.socket(socket.AF_UNIX) as near:
        near.connect(str(place))
        sender = threading.Thread(target=_send, args=(near, content))
        sender.start()
        while piece := near.recv(65536):
            answer += piece
        sender.join()
    return answer


def test_a_socket_without_a_listener_ends_the_connection(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", PROGRAM, str(tmp_path), str(tmp_path / "nobody.sock")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        place = Path(json.loads(agent.stdout.readline())["socket"])
        with socket.socket(socket.AF_UNIX) as near:
            near.connect(str(place))
            assert near.recv(1) == b""
        agent.communicate("")
