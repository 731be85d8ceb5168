"""Every recorded request, sent again in its order: the answers are those of a real engine."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import time
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import Engine, seed
from tests.contract.replay import RECORDINGS, Answer, Recording, ask, comparable, recorded, send
from tests.contract.toys import toy
from tests.waiting import wait_until

TARGET = "0.32.15"
LOOPBACK_ONLY = "foreign host header"


@pytest.fixture(scope="session")
def answers(engine: Engine) -> dict[str, Answer]:
    """All answers: one run through, since each request builds on those before it."""
    found = {}
    for one in recorded(TARGET):
        if one.title == "blob absent" and engine.model is None:
            found[one.label] = send(engine.url, one)
            seed(engine)
        elif engine.infers or not one.needs_model or (engine.model and one.topic == "blobs"):
            found[one.label] = send(engine.url, one, engine.model)
    return found


@pytest.mark.parametrize("recording", [pytest.param(one, id=one.label) for one in recorded(TARGET)])
def test_the_answer_is_that_of_a_real_engine(engine: Engine, answers: dict[str, Answer], recording: Recording) -> None:
    if recording.label not in answers:
        pytest.skip("needs the recordings' model (KIT_TEST_GGUF) and llama-server on PATH")
    answer, wanted = answers[recording.label], recording.response
    if recording.title == LOOPBACK_ONLY and engine.models:
        # The recorded engine listened on all addresses, this one on loopback: as the one of 0.24.0 did.
        wanted = next(one.response for one in recorded("0.24.0") if one.title == LOOPBACK_ONLY)
    assert (answer.status, answer.content_type) == (wanted.status, wanted.content_type), answer.lines
    assert comparable(answer.lines) == comparable(wanted.lines)


def imports() -> list[Any]:
    found: list[Any] = json.loads((RECORDINGS / TARGET / "import.json").read_text())
    return found


@pytest.fixture(scope="session")
def imported(engine: Engine) -> dict[str, list[str]]:
    """The answers to the imports of the two toys."""
    for content in (toy(template=True), toy(template=False)):
        path = f"/api/blobs/sha256:{hashlib.sha256(content).hexdigest()}"
        assert ask(engine.url, "POST", path, content).status in (200, 201)
    return {
        one["create"]["model"]: ask(engine.url, "POST", "/api/create", json.dumps(one["create"]).encode()).lines
        for one in imports()
    }


@pytest.mark.parametrize("wanted", [pytest.param(one, id=one["create"]["model"]) for one in imports()])
def test_an_import_says_what_a_real_engine_says(imported: dict[str, list[str]], wanted: dict[str, Any]) -> None:
    assert imported[wanted["create"]["model"]] == wanted["answer"]


@pytest.mark.parametrize(
    "wanted", [pytest.param(one, id=one["create"]["model"]) for one in imports() if "manifest" in one]
)
def test_an_imported_model_has_the_digest_that_a_real_engine_gives_it(
    engine: Engine, imported: dict[str, list[str]], wanted: dict[str, Any]
) -> None:
    name = f"{wanted['create']['model']}:latest"
    tags = json.loads(ask(engine.url, "GET", "/api/tags").lines[0])["models"]
    assert imported
    assert {one["name"]: one["digest"] for one in tags}[name] == wanted["manifest_digest"]
    if engine.models:
        lying = engine.models / "manifests" / "registry.ollama.ai" / "library" / name.replace(":", "/")
        assert json.loads(lying.read_text()) == wanted["manifest"]


def test_a_blob_that_is_there_is_answered_while_its_body_is_still_sent(engine: Engine) -> None:
    content = toy(template=False) * 40
    path = f"/api/blobs/sha256:{hashlib.sha256(content).hexdigest()}"
    assert ask(engine.url, "POST", path, content).status == 201
    place = urllib.parse.urlsplit(engine.url)
    with socket.create_connection((place.hostname or "", place.port or 80), timeout=60) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content[:1000])
        assert connection.recv(12) == b"HTTP/1.1 200"
        with pytest.raises(ConnectionError):
            keep_sending(connection, content)


def keep_sending(connection: socket.socket, content: bytes) -> None:
    for _ in range(1000):
        connection.sendall(content)
        time.sleep(0.01)


def test_an_upload_that_ends_early_leaves_nothing(engine: Engine) -> None:
    content = toy(template=True) * 41
    path = f"/api/blobs/sha256:{hashlib.sha256(content).hexdigest()}"
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(engine.url).netloc, timeout=60)
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(len(content)))
    connection.endheaders(content[:-1])
    connection.close()
    assert ask(engine.url, "HEAD", path).status == 404
    if engine.models:
        wait_until(
            lambda: not list((engine.models or Path()).glob("blobs/sha256-*_*")),
            "the half blob is gone",
            saw=lambda: sorted((engine.models or Path()).glob("blobs/*")),
        )


def test_only_pages_of_known_origins_may_ask(engine: Engine) -> None:
    for origin, status in {
        "http://localhost:3000": 200,
        "app://x": 200,
        "https://127.0.0.1": 200,
        "http://lan": 403,
    }.items():
        assert ask(engine.url, "GET", "/api/tags", headers={"Origin": origin}).status == status
