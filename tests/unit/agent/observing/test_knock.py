"""Connections to another machine tell what answers there, and the reason where nothing does."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.agent.contract.knocking import Knocked, Question
from deploy.agent.journal import Journal
from deploy.agent.observing import knock as module
from deploy.agent.observing.knock import run
from tests.unit.agent.engines.certificates import own_certificate, served_with
from tests.unit.agent.engines.scripted import Asked, scripted

KEY = "a-key-of-this-edge"
NOTHING: Knocked = {"source": "", "status": 0, "body": "", "trouble": "connection refused"}


def question(port: int, path: str = "", key: str = "", *, tls: bool = False) -> Question:
    return {"address": "127.0.0.1", "port": port, "path": path, "key": key, "tls": tls}


def knock(*questions: Question) -> list[Knocked]:
    return run({"questions": list(questions)}, Journal("", ""))["answers"]


def play(asked: Asked) -> None:
    asked.answer(200 if asked.headers.get("authorization") == f"Bearer {KEY}" else 401, asked.path.encode())


@pytest.fixture
def closed() -> int:
    """A port of this machine on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_each_question_has_its_answer_in_its_place(closed: int) -> None:
    with scripted(play) as server:
        connected, refused, closed_one, let_in = knock(
            question(server.port),
            question(server.port, "/a"),
            question(closed, "/a"),
            question(server.port, "/b", key=KEY),
        )
    assert connected == {"source": "127.0.0.1", "status": 0, "body": "", "trouble": ""}
    assert (refused["status"], refused["body"], refused["source"]) == (401, "/a", "127.0.0.1")
    assert closed_one == NOTHING
    assert (let_in["status"], let_in["body"]) == (200, "/b")
    assert sorted(server.requests) == ["GET /a", "GET /b"]


def test_a_connection_that_nobody_answers_on_is_told_from_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute, scripted(Asked.reset) as torn:
        silent, broken = knock(question(mute.getsockname()[1], "/"), question(torn.port, "/"))
    assert silent == {"source": "127.0.0.1", "status": 0, "body": "", "trouble": "timed out"}
    assert (broken["source"], broken["status"]) == ("127.0.0.1", 0)
    assert broken["trouble"]


def test_an_answer_without_an_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    # Enough for a busy machine to send and read the first line.
    monkeypatch.setattr(module, "LONGEST_SECONDS", 3.0)
    is_heard = threading.Event()

    def drip(asked: Asked) -> None:
        asked.send(b"HTTP/1.1 200 OK\r\n")
        with suppress(OSError):
            while not is_heard.is_set():
                asked.send(b"X-Line: 1\r\n")
                time.sleep(0.2)

    with scripted(drip) as server:
        (answer,) = knock(question(server.port, "/"))
        is_heard.set()
    assert (answer["source"], answer["status"]) == ("127.0.0.1", 200)


def test_slow_answers_are_awaited_at_the_same_time() -> None:
    def late(asked: Asked) -> None:
        time.sleep(1)
        asked.answer(200)

    with scripted(late) as server:
        begun = time.monotonic()
        answers = knock(*[question(server.port, "/")] * 30)
    assert {answer["status"] for answer in answers} == {200}
    assert time.monotonic() - begun < 15


def test_a_key_that_no_header_can_carry_is_in_no_answer() -> None:
    with scripted(play) as server:
        (answer,) = knock(question(server.port, "/", key="of two\nlines"))
    assert (answer["status"], answer["trouble"]) == (0, "the key holds characters that no header can carry")
    assert server.asked == []


@pytest.mark.parametrize("said", [b"SSH-2.0-\x1b[31mOther\r\n", b"HTTP/1.1 two hundred\r\n\r\n"])
def test_words_of_a_program_that_speaks_no_http_are_in_no_answer(said: bytes) -> None:
    with scripted(lambda asked: asked.connection.sendall(said)) as server:
        (answer,) = knock(question(server.port, "/", key=KEY))
    assert answer == {"source": "127.0.0.1", "status": 0, "body": "", "trouble": "the answer is no HTTP"}


def test_a_long_body_is_cut() -> None:
    with scripted(lambda asked: asked.answer(200, b"x" * 100_000)) as server:
        (answer,) = knock(question(server.port, "/"))
    assert answer["body"] == "x" * module.BODY_BYTES


def test_an_unknown_certificate_keeps_nobody_from_asking(tmp_path: Path) -> None:
    with scripted(play, served_with(own_certificate(tmp_path))) as server:
        over_tls, plain = knock(question(server.port, "/", tls=True), question(server.port, "/"))
    assert (over_tls["status"], plain["status"]) == (401, 0)
