"""The control socket of a shared connection, whose process is a double; end-to-end tests have OpenSSH itself."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from deploy.hosts.ssh import multiplex

HELLO = struct.pack(">III", 8, multiplex.HELLO, multiplex.VERSION)
OTHER_HELLO = struct.pack(">III", 8, multiplex.HELLO, 3)


def message(kind: int, *values: int) -> bytes:
    body = struct.pack(f">{1 + len(values)}I", kind, *values)
    return struct.pack(">I", len(body)) + body


@contextmanager
def answering(path: Path, *pieces: bytes) -> Iterator[list[bytes]]:
    """Play the process: send the pieces to who connects, and end; give what it was sent."""
    asked: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        listening.settimeout(10)

        def serve() -> None:
            peer, _ = listening.accept()
            with peer:
                asked.append(peer.recv(65536))
                # Who finds no answer in the first piece hangs up.
                with suppress(BrokenPipeError):
                    for piece in pieces:
                        peer.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        thread.join()


def test_a_process_that_answers_is_alive_and_was_asked_in_its_protocol(tmp_path: Path) -> None:
    with answering(tmp_path / "box", HELLO, message(multiplex.ALIVE, 1, 4711)) as asked:
        assert multiplex.is_alive(tmp_path / "box")
    assert asked == [HELLO + message(0x10000004, 1)]


def test_an_answer_in_pieces_is_read_whole(tmp_path: Path) -> None:
    pieces = [bytes([byte]) for byte in HELLO + message(multiplex.ALIVE, 1, 4711)]
    with answering(tmp_path / "box", *pieces):
        assert multiplex.is_alive(tmp_path / "box")


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (HELLO,),
        (HELLO, message(0x80000002, 1)),
        (HELLO, message(multiplex.ALIVE, 2, 4711)),
        (HELLO, b"\0\0\0\4none"),
        (OTHER_HELLO, message(multiplex.ALIVE, 1, 4711)),
        (b"SSH-2.0-OpenSSH_9.2\r\n" * 20,),
    ],
)
def test_what_is_no_answer_means_that_the_connection_has_to_be_made_anew(
    tmp_path: Path, pieces: tuple[bytes, ...]
) -> None:
    with answering(tmp_path / "box", *pieces):
        assert not multiplex.is_alive(tmp_path / "box")


def test_a_socket_that_nobody_serves_is_not_alive_and_cannot_be_ended(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "box"))
    assert not multiplex.is_alive(tmp_path / "box")
    assert not multiplex.end(tmp_path / "box")
    assert not multiplex.end(tmp_path / "none")


@pytest.mark.parametrize("answer", [(message(multiplex.OK, 1),), ()])
def test_a_process_that_agrees_or_is_gone_at_once_has_ended(tmp_path: Path, answer: tuple[bytes, ...]) -> None:
    with answering(tmp_path / "box", HELLO, *answer) as asked:
        assert multiplex.end(tmp_path / "box")
    assert asked == [HELLO + message(0x10000005, 1)]


def test_a_process_that_refuses_has_not_ended(tmp_path: Path) -> None:
    with answering(tmp_path / "box", HELLO, message(0x80000002, 1)):
        assert not multiplex.end(tmp_path / "box")
