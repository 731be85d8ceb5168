"""Models of engines in LiteLLM's words: their names, addresses, keys and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.components.litellm.spec import Route
from deploy.deployment.offers import ChatApi, Embeddings, Offer
from deploy.deployment.secrets import SecretUse

CHAT_PREFIX = {"ollama": "ollama_chat/", "openai": "openai/"}
"""LiteLLM's word for each protocol that an engine may speak."""
BOTH_PREFIX = "openai/"
BOTH_PATH = "/v1"
NO_KEY = "none"
LIMITS_CHECK = "enforce_model_rate_limits"
Parameters = tuple[tuple[str, str | int], ...]
Fallbacks = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Upstream:
    """A model on one engine, as the gateway reaches it; several of one name are a group that shares the work."""

    name: str
    id: str
    """Its own name, by which clients get this engine alone."""
    parameters: Parameters
    makes_vectors: bool = False

    @property
    def is_limited(self) -> bool:
        """Return True if it may refuse a request because of earlier ones."""
        return any(name in ("rpm", "tpm", "max_parallel_requests") for name, _ in self.parameters)


def upstreams(offers: tuple[Offer, ...], keys: dict[str, SecretUse], routes: dict[str, Route]) -> tuple[Upstream, ...]:
    """Return every model of every engine, sorted."""
    vectors = {(offer.url, model) for offer in offers if isinstance(offer, Embeddings) for model in offer.models}
    reached = {
        _upstream(chat, model, (chat.url, model) in vectors, keys, routes.get(model))
        for chat in offers
        if isinstance(chat, ChatApi)
        for model in chat.models
    }
    return tuple(sorted(reached, key=lambda upstream: (upstream.name, upstream.id, upstream.parameters)))


def fallbacks(
    upstreams: tuple[Upstream, ...], routes: dict[str, tuple[str, ...]], aliases: Mapping[str, str]
) -> Fallbacks:
    """Return the fallbacks of each model, and of each of its aliases."""
    own = dict(routes)
    for name in {upstream.name for upstream in upstreams}:
        group = tuple(upstream.id for upstream in upstreams if upstream.name == name and upstream.makes_vectors)
        if len(group) > 1:
            # LiteLLM hands a chat over to another engine of the group, but no text for vectors: for that the engines
            # of the group are named one by one.
            own[name] = (*group, *own.get(name, ()))
    own |= {alias: own[model] for alias, model in aliases.items() if model in own}
    return tuple((name, others) for name, others in sorted(own.items()) if others)


def pre_call_checks(upstreams: tuple[Upstream, ...]) -> tuple[str, ...]:
    """Return the checks that LiteLLM must enforce: limits alone only weigh its choice."""
    return (LIMITS_CHECK,) if any(upstream.is_limited for upstream in upstreams) else ()


def _upstream(
    chat: ChatApi, model: str, makes_vectors: bool, keys: dict[str, SecretUse], route: Route | None
) -> Upstream:
    prefix, address = CHAT_PREFIX[chat.protocol], chat.url
    if makes_vectors and prefix != BOTH_PREFIX:
        # `ollama_chat/` makes no vectors, `ollama/` sends them without the key and chats without the model's template,
        # and two entries of one name would share all requests. What Ollama serves under /v1 does both in one entry.
        prefix, address = BOTH_PREFIX, f"{chat.url}{BOTH_PATH}"
    parameters: Parameters = (("model", f"{prefix}{chat.name_of(model)}"), ("api_base", address))
    if chat.key or prefix == BOTH_PREFIX:
        # The client for `openai/` does not start without one.
        parameters += (("api_key", f"os.environ/{keys[chat.key.name].variable}" if chat.key else NO_KEY),)
    limits = _limits(route) if route else ()
    return Upstream(model, f"{model} at {address}", parameters + limits, makes_vectors)


def _limits(route: Route) -> Parameters:
    # LiteLLM makes a limit of its own for requests at the same time out of the other two, unless there is one.
    parallel = route.parallel or route.requests_per_minute or route.tokens_per_minute
    wanted = (
        ("timeout", route.timeout),
        ("rpm", route.requests_per_minute),
        ("tpm", route.tokens_per_minute),
        ("max_parallel_requests", parallel),
        ("num_retries", route.retries or None),
    )
    return tuple((name, value) for name, value in wanted if value is not None)
