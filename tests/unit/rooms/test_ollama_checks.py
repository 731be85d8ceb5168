"""The checks of an Ollama's room, against an engine that answers as the recorded ones do, and as no good one does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deploy.components.ollama import verify
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.containers import Containers
from deploy.verify.secrets import HostSecrets
from deploy.verify.web import LIMIT, Web
from tests.unit.agent.engines.scripted import Asked, Scripted, scripted
from tests.unit.played import evidence_of
from tests.unit.rooms.test_ollama import FINDER, TECH, engine

VECTORS = {"data": [{"embedding": [0.1, 0.2]}, {"embedding": [0.3, 0.4]}]}
GOOD: dict[str, Any] = {
    "/api/version": {"version": "0.32.15"},
    "/api/show": {"capabilities": ["completion", "tools"]},
    "/api/chat": {"model": "tech", "message": {"role": "assistant", "content": "Paris"}, "done": True},
    "/v1/embeddings": VECTORS,
}


@contextmanager
def answering(answers: dict[str, Any]) -> Iterator[tuple[Service, Web, Scripted]]:
    def play(asked: Asked) -> None:
        asked.body()
        asked.tell(answers[asked.path])

    with scripted(play) as server:
        port = int(server.url.rpartition(":")[2])
        page = {"kind": "open_webui", "embedding": "finder"}
        service = engine(TECH, FINDER, webui=page, port=port).service
        yield service, Web(service, HostSecrets(evidence_of(Deployment("home", (service,), ())))), server


def test_an_engine_that_speaks_and_embeds_is_as_planned() -> None:
    with answering(GOOD) as (service, web, server):
        verify.test_says_its_version(web)
        verify.test_answers_a_chat_message(service, web)
        verify.test_turns_text_into_vectors(service, web)
        assert server.requests == ["GET /api/version", "POST /api/show", "POST /api/chat", "POST /v1/embeddings"]


def test_a_model_that_makes_vectors_alone_is_not_asked_for_a_chat() -> None:
    with answering({**GOOD, "/api/show": {"capabilities": ["embedding"]}}) as (service, web, server):
        with pytest.raises(pytest.skip.Exception, match="none of them chats"):
            verify.test_answers_a_chat_message(service, web)
        assert set(server.requests) == {"POST /api/show"}


def test_an_engine_that_says_nothing_of_its_models_is_asked_for_a_chat() -> None:
    with answering({**GOOD, "/api/show": {"details": {}}}) as (service, web, server):
        verify.test_answers_a_chat_message(service, web)
        assert server.requests[-1] == "POST /api/chat"


def test_a_model_that_thinks_first_has_spoken() -> None:
    thought = {"message": {"role": "assistant", "content": "", "thinking": "Well,"}}
    with answering({**GOOD, "/api/chat": thought}) as (service, web, _):
        verify.test_answers_a_chat_message(service, web)


@pytest.mark.parametrize(
    ("path", "answer", "check", "words"),
    [
        ("/api/version", {}, "test_says_its_version", "its version is empty"),
        ("/api/chat", {"message": {"content": ""}}, "test_answers_a_chat_message", "the answer of tech holds no words"),
        ("/v1/embeddings", {"data": [{"embedding": [0.0]}]}, "test_turns_text_into_vectors", "number of vectors is 1"),
    ],
)
def test_an_engine_that_does_not_is_told_in_words(path: str, answer: Any, check: str, words: str) -> None:
    with answering({**GOOD, path: answer}) as (service, web, _):
        named = {"service": service, "web": web} if check != "test_says_its_version" else {"web": web}
        with pytest.raises(NotAsPlannedError, match=words):
            getattr(verify, check)(**named)


def test_what_nobody_planned_is_left_out_and_not_failed() -> None:
    service = engine().service
    web = Web(service, HostSecrets(evidence_of(Deployment("home", (service,), ()))))
    with pytest.raises(pytest.skip.Exception, match="no model to talk with"):
        verify.test_answers_a_chat_message(service, web)
    with pytest.raises(pytest.skip.Exception, match="nobody wants vectors"):
        verify.test_turns_text_into_vectors(service, web)


def test_a_model_may_take_as_long_to_load_as_the_spec_says() -> None:
    assert engine().service.facts[LIMIT] == 480
    assert engine(load_timeout="1h").service.facts[LIMIT] == 3780


class Inspected(Containers):
    """Containers whose one member was inspected already."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def of(self, _service: Service) -> dict[str, Any]:
        """Return what the checks look at."""
        return {"Config": {"Env": ["PATH=/bin", *(f"{name}={value}" for name, value in self.environment.items())]}}


def test_it_is_held_to_its_settings_and_away_from_its_vendors_cloud() -> None:
    service = engine(keep_alive="10m").service
    planned = dict(service.environment)
    verify.test_runs_with_the_planned_settings(service, Inspected(planned))
    verify.test_keeps_away_from_its_vendors_cloud(service, Inspected(planned))
    with pytest.raises(NotAsPlannedError, match="OLLAMA_KEEP_ALIVE is 5m, not 600s"):
        verify.test_runs_with_the_planned_settings(service, Inspected({**planned, "OLLAMA_KEEP_ALIVE": "5m"}))
    with pytest.raises(NotAsPlannedError, match="OLLAMA_NO_CLOUD is not set"):
        verify.test_keeps_away_from_its_vendors_cloud(service, Inspected({"HOME": "/home/ollama"}))
    with pytest.raises(pytest.skip.Exception, match="the spec lets it"):
        verify.test_keeps_away_from_its_vendors_cloud(engine(cloud=True).service, Inspected(planned))
