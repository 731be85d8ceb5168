from __future__ import annotations

import io
import os
import socket
import threading
from pathlib import Path

import pytest

from deploy.agent.docker.api import Docker
from deploy.agent.docker.unix_http import read_status
from deploy.agent.errors import AgentError, FullDiskError


def answering(path: Path, answer: bytes) -> threading.Thread:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(1)

    def serve() -> None:
        connection, _ = server.accept()
        with connection, server:
            connection.recv(65536)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_an_answer_is_its_status_and_everything_after_the_empty_line() -> None:
    stream = io.BytesIO(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\nx\r\n\r\ny")
    assert (read_status(stream), stream.read()) == (200, b"x\r\n\r\ny")


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.0 200 OK\r\n", b"hello\r\n\r\n", b"HTTP/1.0 no\r\n\r\n"])
def test_what_is_no_http_is_an_engine_that_does_not_answer(tmp_path: Path, raw: bytes) -> None:
    thread = answering(tmp_path / "s", raw)
    with pytest.raises(AgentError, match="does not answer"):
        Docker(str(tmp_path / "s")).info()
    thread.join()


def test_a_refusal_is_told_in_the_engines_words(tmp_path: Path) -> None:
    thread = answering(tmp_path / "s", b'HTTP/1.0 500 Oh\r\n\r\n{"message": "no space left"}')
    with pytest.raises(AgentError, match="Docker refused GET /info: no space left"):
        Docker(str(tmp_path / "s")).info()
    thread.join()


def test_a_refusal_in_the_middle_of_an_archive_is_told_although_the_connection_is_reset(tmp_path: Path) -> None:
    thread = answering(tmp_path / "s", b'HTTP/1.0 500 Oh\r\n\r\n{"message": "no space left on device"}')
    pieces = [bytes(1 << 20)] * 8
    words = "the disk of /var/lib/docker is full: Docker refused POST /images/load: no space left on device"
    with pytest.raises(FullDiskError, match=words):
        Docker(str(tmp_path / "s")).load(pieces, sum(map(len, pieces)))
    thread.join()


LAYER = b'{"status": "Downloading", "id": "a", "progressDetail": {"current": 1, "total": 2}}\r\n'
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"


def test_a_pull_is_told_line_by_line(tmp_path: Path) -> None:
    thread = answering(tmp_path / "s", HEAD + LAYER + b'{"status": "Pull complete", "id": "a"}\r\n')
    told = list(Docker(str(tmp_path / "s")).pull("x/y", "sha256:0"))
    assert [one["status"] for one in told] == ["Downloading", "Pull complete"]
    thread.join()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (HEAD + LAYER + b'{"errorDetail": {"message": "no space"}, "error": "no space"}\r\n', "refused: no space"),
        (HEAD + LAYER + b'{"status": "Downl', "ended in the middle"),
        (HEAD + b"[]\r\n", "not a JSON object"),
        (b'HTTP/1.0 404 No\r\n\r\n{"message": "manifest unknown"}', "POST /images/create: manifest unknown"),
        (b"", "does not answer"),
    ],
)
def test_a_pull_that_fails_in_the_middle_is_told_although_it_began_well(
    tmp_path: Path, answer: bytes, said: str
) -> None:
    thread = answering(tmp_path / "s", answer)
    with pytest.raises(AgentError, match=said):
        list(Docker(str(tmp_path / "s")).pull("x/y", "sha256:0"))
    thread.join()


def test_no_socket_is_no_engine_and_a_closed_one_needs_root(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="no socket at") as missing:
        Docker(str(tmp_path / "none")).info()
    assert "kit apply" in missing.value.next_step
    if os.geteuid() == 0:
        return
    (tmp_path / "s").touch(0o000)
    with pytest.raises(AgentError, match="permission denied for Docker's socket"):
        Docker(str(tmp_path / "s")).info()
