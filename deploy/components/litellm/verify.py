"""Checks of the gateway: every model behind one key, and nothing without it."""

from __future__ import annotations

import pytest

from deploy.deployment import Service
from deploy.verify.checks import ensure_equal, ensure_refused, ensure_same_set
from deploy.verify.questions import ensure_answered, ensure_vectors, short_question
from deploy.verify.web import Web

KEYED = ("/v1/models", "/health", "/model/info", "/metrics", "/settings")
# A key that is not the gateway's: it would look for it in a database, and has none.
WRONG_KEY = (400, 401, 403)


def test_refuses_who_has_no_key(web: Web) -> None:
    for path in KEYED:
        ensure_refused(web.get(path).status, path)
    ensure_refused(web.post("/v1/chat/completions", short_question("any")).status, "/v1/chat/completions")


def test_refuses_a_wrong_key(web: Web) -> None:
    web.bearer = "sk-wrong"
    ensure_refused(web.get("/v1/models").status, "/v1/models with a wrong key", WRONG_KEY)


def test_shows_no_description_of_itself(web: Web) -> None:
    ensure_equal(web.get("/openapi.json").status, 404, "/openapi.json")


def test_lists_the_planned_models(service: Service, web: Web) -> None:
    web.use_key(service.facts["key"])
    answer = web.get("/v1/models")
    ensure_equal(answer.status, 200, "status")
    ensure_same_set([model["id"] for model in answer.json["data"]], service.facts["models"], "models")


def test_passes_a_chat_message_on(service: Service, web: Web) -> None:
    if not service.facts["models"]:
        pytest.skip("no engine serves a model")
    web.use_key(service.facts["key"])
    for model in service.facts["models"]:
        ensure_answered(web.post("/v1/chat/completions", short_question(model)))


def test_passes_text_on_to_become_vectors(service: Service, web: Web) -> None:
    if not service.facts["embeddings"]:
        pytest.skip("no engine makes vectors")
    web.use_key(service.facts["key"])
    for model in service.facts["embeddings"]:
        ensure_vectors(web.post("/v1/embeddings", {"model": model, "input": ["hello", "world"]}), 2)
