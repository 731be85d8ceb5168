from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.protocols.ollama.engine import Engine
from deploy.agent.protocols.wire import Limits
from tests.unit.agent.engines.scripted import Asked, Play, described, scripted

BIG = 32 << 20
SHA256 = "a" * 64


def engine(url: str, tmp_path: Path, **more: Any) -> Engine:
    return Engine(described(url, **more), tmp_path, limits=Limits(2, 0.4))


def failure(play: Play, tmp_path: Path, **more: Any) -> AgentError:
    with scripted(play) as server, pytest.raises(AgentError) as error:
        engine(server.url, tmp_path, **more).models()
    return error.value


def pieces() -> Iterator[bytes]:
    for _ in range(BIG >> 20):
        yield bytes(1 << 20)


def test_an_error_that_comes_late_in_a_200_is_an_error_in_the_engines_words(tmp_path: Path) -> None:
    def play(asked: Asked) -> None:
        asked.chunks(b'{"status":"parsing GGUF"}\n', b'{"error":"template error: unclosed action"}\n')

    with scripted(play) as server, pytest.raises(AgentError) as error:
        engine(server.url, tmp_path).create({"model": "x"}, lambda _: None)
    assert error.value.problem == "engine main: creating x: template error: unclosed action"
    assert "kit logs main" in error.value.next_step


@pytest.mark.parametrize(
    ("lines", "ended", "words"),
    [
        ([b'{"status":"pulling"}\n'], True, "ended before it said"),
        ([b'{"status":"pulling"}\n'], False, "closed before the answer was complete"),
        ([b'{"status":"pulling"}\n{"stat'], True, "incomplete"),
        ([], True, "ended before it said"),
    ],
)
def test_an_answer_without_its_end_is_no_success(lines: list[bytes], ended: bool, words: str, tmp_path: Path) -> None:
    with scripted(lambda asked: asked.chunks(*lines, ended=ended)) as server, pytest.raises(AgentError, match=words):
        engine(server.url, tmp_path).pull("llama3:8b", lambda _: None)


def test_lines_are_heard_as_they_come_however_they_are_cut(tmp_path: Path) -> None:
    heard: list[Any] = []

    def play(asked: Asked) -> None:
        asked.chunks(b'{"status":"a"}\n{"sta', b'tus":"b"}', b'\n{"status":"success"}\n')

    with scripted(play) as server:
        engine(server.url, tmp_path).pull("llama3:8b", heard.append)
    assert heard == [{"status": "a"}, {"status": "b"}]


def test_a_broken_pipe_means_present_when_the_engine_says_so_afterwards(tmp_path: Path) -> None:
    def play(asked: Asked) -> None:
        asked.answer(200) if asked.method == "HEAD" else asked.reset()

    with scripted(play) as server:
        engine(server.url, tmp_path).upload(SHA256, BIG, pieces())
    assert server.requests == [f"{method} /api/blobs/sha256:{SHA256}" for method in ("POST", "HEAD")]


def test_a_broken_pipe_without_the_file_is_an_error(tmp_path: Path) -> None:
    def play(asked: Asked) -> None:
        asked.answer(404) if asked.method == "HEAD" else asked.reset()

    with scripted(play) as server, pytest.raises(AgentError, match="engine main: uploading sha256:aaaaaaaaaaaa: http"):
        engine(server.url, tmp_path).upload(SHA256, BIG, pieces())


def test_an_early_answer_is_read_although_the_pipe_broke(tmp_path: Path) -> None:
    def play(asked: Asked) -> None:
        asked.answer(413, b"<html>too large</html>")

    with scripted(play) as server, pytest.raises(AgentError, match="413: <html>too large"):
        engine(server.url, tmp_path).upload(SHA256, BIG, pieces())


def test_an_engine_that_never_answers_is_given_up_after_the_limit(tmp_path: Path) -> None:
    def play(asked: Asked) -> None:
        asked.connection.recv(1)

    error = failure(play, tmp_path)
    assert "sent nothing for 0.4 s" in error.problem


def test_an_engine_that_is_not_there_is_named_with_the_next_step(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    for folder, step in (("/srv/models", "`kit logs main`"), (None, f"check the engine at {url} yourself")):
        with pytest.raises(AgentError) as error:
            engine(url, tmp_path, models_dir=folder).models()
        assert error.value.problem == f"engine main: listing its models: {url} refuses the connection"
        assert step in error.value.next_step


def test_a_full_queue_is_told_as_one(tmp_path: Path) -> None:
    error = failure(lambda asked: asked.answer(503, b'{"error":"server busy, please try again"}'), tmp_path)
    assert "it is busy, its queue is full: server busy" in error.problem


def test_another_host_is_never_followed_to(tmp_path: Path) -> None:
    with scripted(lambda asked: asked.tell({"models": []})) as other:
        error = failure(lambda asked: asked.answer(307, b"", f"Location: {other.url}/api/tags"), tmp_path)
    assert other.asked == []
    assert other.url in error.problem


@pytest.mark.parametrize(
    "play",
    [
        lambda asked: asked.answer(200, b"<!doctype html>"),
        lambda asked: asked.answer(200, b'["a"]'),
        lambda asked: asked.send(b"SSH-2.0-OpenSSH\r\n"),
        lambda asked: asked.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        lambda asked: asked.send(b"HTTP/1.1 200 OK\r\n"),
        lambda asked: asked.chunks(b'{"models":'),
    ],
)
def test_what_is_not_an_engines_answer_is_an_error(play: Play, tmp_path: Path) -> None:
    assert failure(play, tmp_path).problem.startswith("engine main: listing its models: ")


def test_a_body_without_a_length_ends_with_the_connection(tmp_path: Path) -> None:
    raw = b'HTTP/1.1 103 Early\r\n\r\nHTTP/1.0 200 OK\r\n\r\n{"models":[{"name":"a:latest","digest":"d","size":1}]}'
    with scripted(lambda asked: asked.send(raw)) as server:
        assert engine(server.url, tmp_path).models()["a"].digest == "d"


def test_a_key_goes_into_the_header_and_into_no_message(tmp_path: Path) -> None:
    (tmp_path / "secrets" / "mac").mkdir(parents=True)
    (tmp_path / "secrets" / "mac" / "mac_api_key").write_text("very-secret\n")
    key = {"secret": "mac_api_key", "owner": "mac"}
    seen: list[str] = []

    def play(asked: Asked) -> None:
        seen.append(asked.headers["authorization"])
        asked.answer(401, b'{"error":"unauthorized"}')

    error = failure(play, tmp_path, key=key)
    assert seen == ["Bearer very-secret"]
    assert "it answered 401: unauthorized" in error.problem
    assert "key" in error.next_step
    assert "very-secret" not in f"{error.document()}"


@pytest.mark.parametrize(("value", "words"), [(None, "not on this host"), ("two\nlines", "no HTTP header can carry")])
def test_a_key_that_cannot_be_sent_is_named_and_not_shown(value: str | None, words: str, tmp_path: Path) -> None:
    (tmp_path / "secrets" / "mac").mkdir(parents=True)
    if value:
        (tmp_path / "secrets" / "mac" / "mac_api_key").write_text(value)
    with pytest.raises(AgentError, match=words) as error:
        engine("http://127.0.0.1:9", tmp_path, key={"secret": "mac_api_key", "owner": "mac"})
    assert "mac_api_key" in error.value.problem
    assert "two" not in error.value.problem


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_who_may_not_read_a_key_is_told_what_to_type(tmp_path: Path) -> None:
    folder = tmp_path / "secrets" / "mac"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "key").write_text("x")
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == 0 and "pytest" in parent.name:
            parent.chmod(0o755)
    os.seteuid(65534)
    try:
        with pytest.raises(AgentError, match="only root may read it"):
            engine("http://127.0.0.1:9", tmp_path, key={"secret": "key", "owner": "mac"})
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("address", ["127.0.0.1:11434", "ftp://x", "http://", "http://a:b@c", "http://h:99999"])
def test_an_address_that_is_none_is_named(address: str, tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="reading its address"):
        engine(address, tmp_path)


def test_another_protocol_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="it speaks openai"):
        engine("http://127.0.0.1:9", tmp_path, protocol="openai")
