"""Checks of a llama.cpp engine: it serves its model to clients with the key, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.agent.line import Line
from deploy.components.llama_cpp.cards import offloaded
from deploy.deployment.service import Service
from deploy.fit.share import Share, Unknown
from deploy.verify.checks import ensure, ensure_equal, ensure_refused, ensure_same_set
from deploy.verify.containers import Containers
from deploy.verify.questions import ensure_answered, ensure_vectors, short_question
from deploy.verify.shares import Shares, ensure_as_predicted, ensure_no_room
from deploy.verify.web import Web

MODEL_LOADED = "model loaded"
"""Words of the log at the end of a start."""


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


def test_computes_on_its_card(
    service: Service, containers: Containers, shares: Shares, telling: Callable[[str], None]
) -> None:
    if service.facts.get("gpu", "none") == "none":
        pytest.skip("the spec gives it no card")
    layers = offloaded(containers.logs(service))
    if layers is None:
        # A program without a back end for the card says nothing of layers.
        ensure(MODEL_LOADED not in containers.logs(service), "computes on the CPU: its log tells of no layer on a card")
        pytest.skip("its log is too long to say")
    share = shares.of(service, service.facts["model"])
    sure = share.sure_layers if isinstance(share, Share) and not service.facts["gpu_layers"] else None
    if not layers.on_cards:
        ensure_no_room(f"none of {layers.whole} layers lie on the card", sure)
    figures = f"{layers.on_cards} of {layers.whole} layers lie on the card"
    if wanted := service.facts["gpu_layers"]:
        is_right = layers.on_cards == min(wanted, layers.whole)
        ensure(is_right, f"{figures}; `gpu_layers` is {wanted}; `{Line('logs', service.name)}` tells what it did")
        telling(f"{figures}, as `gpu_layers` says")
        return
    if layers.overflowing:
        figures = f"{figures}, {layers.overflowing} of them without the weights of their experts"
        if sure is not None and sure < 1:
            share = Unknown("the log does not tell how much memory these experts have")
    telling(ensure_as_predicted(service, figures, layers.share, share, sure or 0))


def test_has_the_planned_context(service: Service, web: Web) -> None:
    web.use_key(service.facts["key"])
    tokens = web.get("/props").json["default_generation_settings"]["n_ctx"]
    ensure(tokens >= service.facts["context_length"], f"a request has {tokens} tokens of context")
