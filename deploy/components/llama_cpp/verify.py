"""Checks of a llama.cpp engine: it serves its model to clients with the key, and to nobody else."""

from __future__ import annotations

from deploy.deployment.service import Service
from deploy.verify.checks import ensure, ensure_equal, ensure_refused, ensure_same_set
from deploy.verify.questions import ensure_answered, ensure_vectors, short_question
from deploy.verify.web import Web


def test_refuses_who_has_no_key(service: Service, web: Web) -> None:
    model = service.facts["model"]
    ensure_refused(web.get("/v1/models").status, "/v1/models")
    ensure_refused(web.post("/v1/chat/completions", short_question(model)).status, "/v1/chat/completions")
    ensure_refused(web.post("/v1/embeddings", {"model": model, "input": "hello"}).status, "/v1/embeddings")
    ensure_refused(web.get("/props").status, "/props")


def test_serves_its_model_alone(service: Service, web: Web) -> None:
    web.use_key(service.facts["key"])
    answer = web.get("/v1/models")
    ensure_equal(answer.status, 200, "status")
    ensure_same_set([model["id"] for model in answer.json["data"]], [service.facts["model"]], "models")


def test_answers_a_chat_message(service: Service, web: Web) -> None:
    web.use_key(service.facts["key"])
    ensure_answered(web.post("/v1/chat/completions", short_question(service.facts["model"])))


def test_turns_text_into_vectors(service: Service, web: Web) -> None:
    web.use_key(service.facts["key"])
    ensure_vectors(web.post("/v1/embeddings", {"model": service.facts["model"], "input": ["hello", "world"]}), 2)


def test_has_the_planned_context(service: Service, web: Web) -> None:
    web.use_key(service.facts["key"])
    tokens = web.get("/props").json["default_generation_settings"]["n_ctx"]
    ensure(tokens >= service.facts["context_length"], f"a request has {tokens} tokens of context")
