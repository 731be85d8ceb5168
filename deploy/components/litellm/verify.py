"""Checks of the gateway: it serves every model with its one key, and nothing without it."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError, ensure, ensure_equal, ensure_refused, ensure_same_set
from deploy.verify.engines import Engines
from deploy.verify.questions import ensure_answered, ensure_vectors, short_question
from deploy.verify.web import Answer, Web

OPEN = ("/health/liveliness", "/health/liveness")
KEYED = ("/v1/models", "/health", "/model/info", "/metrics", "/settings")
# What LiteLLM by itself answers to anybody, and what is only switched off.
LITELLMS_OWN = (
    "/",
    "/.well-known/litellm-ui-config",
    "/.well-known/oauth-authorization-server",
    "/config/yaml",
    "/docs",
    "/fallback/login",
    "/get/ui_settings",
    "/get/ui_theme_settings",
    "/get_favicon",
    "/get_image",
    "/get_logo_url",
    "/health/readiness",
    "/litellm-asset-prefix/_next",
    "/mcp",
    "/model_hub",
    "/onboarding/get_token",
    "/openapi.json",
    "/public/agent_hub",
    "/public/agents/fields",
    "/public/endpoints",
    "/public/litellm_blog_posts",
    "/public/litellm_model_cost_map",
    "/public/mcp_hub",
    "/public/model_hub",
    "/public/model_hub/info",
    "/public/providers",
    "/public/providers/fields",
    "/public/skill_hub",
    "/redoc",
    "/routes",
    "/sso/callback",
    "/sso/key/generate",
    "/sso/saml/login",
    "/swagger",
    "/test",
    "/ui/",
)
CANNOT = 400
USED_UP = 429
UNKNOWN = "/an-address-that-a-later-release-may-have"


def test_refuses_who_has_no_key(web: Web) -> None:
    for path in (*KEYED, *LITELLMS_OWN, UNKNOWN):
        ensure_refused(web.get(path).status, path, (401,))
    for path in ("/v1/chat/completions", "/sso/cli/start", "/v1/logs"):
        ensure_refused(web.post(path, short_question("any")).status, path, (401,))


def test_refuses_a_wrong_key(web: Web) -> None:
    web.bearer = "sk-wrong"
    for path in ("/v1/models", "/routes"):
        ensure_equal(web.get(path).status, 401, f"{path} with a wrong key")


def test_says_to_anybody_only_that_it_lives(web: Web) -> None:
    for path in OPEN:
        ensure_equal(web.get(path).status, 200, path)


def test_shows_no_description_of_itself(service: Service, web: Web) -> None:
    web.use_key(service.facts["key"])
    ensure_equal(web.get("/openapi.json").status, 404, "/openapi.json")


def test_lists_the_planned_models(service: Service, web: Web) -> None:
    web.use_key(service.facts["key"])
    answer = web.get("/v1/models")
    ensure_equal(answer.status, 200, "status")
    ensure_same_set([model["id"] for model in answer.json["data"]], service.facts["models"], "models")


def test_passes_a_chat_message_on_to_every_engine(service: Service, web: Web, engines: Engines) -> None:
    there, away = _told_apart(service.facts["upstreams"], engines)
    if not there and not away:
        pytest.skip("no engine serves a model")
    web.use_key(service.facts["key"])
    # Some models make vectors and cannot chat, which their engines say.
    talkers = [up for up in there if not engines.makes_vectors_alone(up["model"])]
    silent = [words for upstream in talkers if (words := _silence(web, upstream))]
    ensure(not silent, "; ".join(silent))
    _tell_away(away)


def _told_apart(upstreams: list[dict[str, Any]], engines: Engines) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the models that have to answer, and the names of those on hosts that are left out."""
    away = [up["id"] for up in upstreams if _is_away(up, engines)]
    return [up for up in upstreams if up["id"] not in away], away


def _is_away(upstream: dict[str, Any], engines: Engines) -> bool:
    # One on an engine alone is named with that engine's address; an alias stands for all engines of its model.
    name, _, address = upstream["id"].partition(" at ")
    return engines.is_away(address) if address else bool(engines.away.reason(name))


def _tell_away(away: list[str]) -> None:
    """Skip the rest of a check, whose other questions were answered."""
    if away:
        pytest.skip(f"not asked, for the host does not answer and is optional: {', '.join(away)}")


def _silence(web: Web, upstream: dict[str, Any]) -> str:
    """Ask a model on one engine alone: in a group, an engine that answers hides a silent one."""
    try:
        answer = web.post("/v1/chat/completions", short_question(upstream["id"]))
        # An engine that says nothing of its models refuses where one cannot chat; vectors are asked for below.
        if not _is_used_up(answer, upstream) and not (upstream["vectors"] and answer.status == CANNOT):
            ensure_answered(answer)
    except NotAsPlannedError as finding:
        return f"{upstream['id']}: {finding}"
    return ""


def _is_used_up(answer: Answer, upstream: dict[str, Any]) -> bool:
    """Return True if a limit of the spec was reached, which holds for people and checks alike."""
    return bool(upstream["limited"] and answer.status == USED_UP)


def test_passes_text_on_to_become_vectors(service: Service, web: Web, engines: Engines) -> None:
    able, away = _told_apart([up for up in service.facts["upstreams"] if up["vectors"]], engines)
    if not able and not away:
        pytest.skip("no engine makes vectors")
    web.use_key(service.facts["key"])
    for upstream in able:
        answer = web.post("/v1/embeddings", {"model": upstream["id"], "input": ["hello", "world"]})
        if not _is_used_up(answer, upstream):
            ensure_equal(answer.status, 200, f"{upstream['id']}: status of the vectors")
            ensure_vectors(answer, 2)
    _tell_away(away)
