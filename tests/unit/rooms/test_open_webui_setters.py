"""Requests to the application's admin API: the kit's own part, and the rest as it was."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.components.open_webui.agent.admin import Admin
from deploy.components.open_webui.agent.setters import set_embedding, set_ollama
from tests.unit.agent.engines.scripted import Asked, scripted

MAC = "http://10.0.0.7:11434"
OWN = {"key": "sk-new", "model_ids": ["gemma:latest"]}


class Application(ThreadingHTTPServer):
    """Answers questions for a form with what it holds, and keeps what it is sent."""

    def __init__(self, held: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), Form)
        self.held = held
        self.sent: dict[str, Any] = {}


class Form(BaseHTTPRequestHandler):
    server: Application

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.server.sent[self.path] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer()

    def answer(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(self.server.held).encode())

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture
def application() -> Iterator[Application]:
    with Application({}) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def admin(application: Application) -> Admin:
    return Admin(f"127.0.0.1:{application.server_address[1]}")


def ollama_of(application: Application, urls: list[str]) -> Any:
    theirs = {"0": {"key": "sk-old", "prefix_id": "mac", "enable": False}}
    application.held = {"ENABLE_OLLAMA_API": False, "OLLAMA_BASE_URLS": urls, "OLLAMA_API_CONFIGS": theirs}
    wanted = {"ollama.enable": True, "ollama.base_urls": [MAC], "ollama.api_configs": {"0": OWN}}
    set_ollama(admin(application), wanted)
    return application.sent["/ollama/config/update"]


def test_what_a_person_set_of_the_same_back_end_stays(application: Application) -> None:
    sent = ollama_of(application, [MAC])
    assert (sent["ENABLE_OLLAMA_API"], sent["OLLAMA_BASE_URLS"]) == (True, [MAC])
    assert sent["OLLAMA_API_CONFIGS"] == {"0": {**OWN, "prefix_id": "mac", "enable": False}}


def test_what_was_set_of_another_back_end_is_not_taken_for_this_one(application: Application) -> None:
    assert ollama_of(application, ["http://elsewhere:11434"])["OLLAMA_API_CONFIGS"] == {"0": OWN}


def test_without_an_ollama_its_list_stays_as_people_left_it(application: Application) -> None:
    application.held = {"ENABLE_OLLAMA_API": True, "OLLAMA_BASE_URLS": [MAC], "OLLAMA_API_CONFIGS": {}}
    set_ollama(admin(application), {"ollama.enable": False})
    assert application.sent["/ollama/config/update"] == {**application.held, "ENABLE_OLLAMA_API": False}


def test_an_ollama_that_makes_vectors_is_set_under_its_own_name(application: Application) -> None:
    application.held = {"status": True, "RAG_EMBEDDING_ENGINE": "openai", "RAG_EMBEDDING_BATCH_SIZE": 4}
    wanted = {
        "rag.embedding_engine": "ollama",
        "rag.embedding_model": "nomic",
        "rag.ollama.base_url": MAC,
        "rag.ollama.api_key": "",
    }
    set_embedding(admin(application), wanted)
    assert application.sent["/api/v1/retrieval/embedding/update"] == {
        "RAG_EMBEDDING_ENGINE": "ollama",
        "RAG_EMBEDDING_MODEL": "nomic",
        "RAG_EMBEDDING_BATCH_SIZE": 4,
        "ollama_config": {"url": MAC, "key": ""},
    }


def test_a_page_that_makes_vectors_by_itself_is_given_no_address(application: Application) -> None:
    application.held = {"RAG_EMBEDDING_ENGINE": "openai", "RAG_EMBEDDING_BATCH_SIZE": 4}
    set_embedding(admin(application), {"rag.embedding_engine": "", "rag.embedding_model": "own"})
    assert application.sent["/api/v1/retrieval/embedding/update"] == {
        "RAG_EMBEDDING_ENGINE": "",
        "RAG_EMBEDDING_MODEL": "own",
        "RAG_EMBEDDING_BATCH_SIZE": 4,
    }


@pytest.mark.parametrize(("refused", "is_let_in"), [(0, True), (1, True), (5, True), (6, False)])
def test_a_limit_of_sign_ins_is_waited_for_and_told_as_progress(
    monkeypatch: pytest.MonkeyPatch, refused: int, is_let_in: bool
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    answers, said = [429] * refused + [200], list[str]()

    def play(one: Asked) -> None:
        one.body()
        one.answer(answers.pop(0), b'{"role": "admin", "token": "t"}')

    with scripted(play) as server:
        client = Admin(server.url.rpartition("/")[2])
        if is_let_in:
            client.sign_in("kit@localhost", "secret", said.append)
            assert client.headers["Authorization"] == "Bearer t"
        else:
            with pytest.raises(AgentError, match=r"15 sign-ins in three minutes.*again and again"):
                client.sign_in("kit@localhost", "secret", said.append)
    assert len(said) == len(slept) == min(refused, 5)
    assert all(words.startswith("waits for up to 5 minutes: Open WebUI allows") for words in said)
