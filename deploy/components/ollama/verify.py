"""Checks of an Ollama: it answers, it speaks, it embeds, and it is set up as planned, away from its vendor's cloud.

That it has its models as they were made is asked of every engine alike.
"""

from __future__ import annotations

import pytest

from deploy.deployment import Service
from deploy.verify.checks import ensure, ensure_equal
from deploy.verify.containers import Containers
from deploy.verify.questions import FEW_TOKENS, ensure_vectors, short_question
from deploy.verify.web import Web

VENDORS_CLOUD = "OLLAMA_NO_CLOUD"


def test_says_its_version(web: Web) -> None:
    answer = web.get("/api/version")
    ensure_equal(answer.status, 200, "status")
    ensure(answer.json.get("version"), "its version is empty")


def test_runs_with_the_planned_settings(service: Service, containers: Containers) -> None:
    found = dict(word.partition("=")[::2] for word in containers.of(service)["Config"]["Env"])
    for name, value in service.environment:
        ensure_equal(found.get(name, "not set"), value, name)


def test_keeps_away_from_its_vendors_cloud(service: Service, containers: Containers) -> None:
    if service.facts["cloud"]:
        pytest.skip("the spec lets it talk with its vendor's cloud")
    ensure(f"{VENDORS_CLOUD}=1" in containers.of(service)["Config"]["Env"], f"{VENDORS_CLOUD} is not set")


def test_answers_a_chat_message(service: Service, web: Web) -> None:
    if not service.facts["chat"]:
        pytest.skip("the spec gives it no model to talk with")
    question = short_question(service.facts["chat"])
    asked = {name: question[name] for name in ("model", "messages", "stream")}
    answer = web.post("/api/chat", {**asked, "options": {"num_predict": FEW_TOKENS}})
    ensure_equal(answer.status, 200, f"status of {service.facts['chat']}")
    message = answer.json.get("message") or {}
    # A model that thinks first may spend the few tokens on that.
    ensure(message.get("content") or message.get("thinking"), f"the answer of {service.facts['chat']} holds no words")


def test_turns_text_into_vectors(service: Service, web: Web) -> None:
    if not service.facts["embedding"]:
        pytest.skip("nobody wants vectors of it")
    ensure_vectors(web.post("/v1/embeddings", {"model": service.facts["embedding"], "input": ["hello", "world"]}), 2)
