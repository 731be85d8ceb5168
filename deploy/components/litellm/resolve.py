"""Decisions about the gateway: one address and one key in front of every engine, no database."""

from __future__ import annotations

from typing import Any

from deploy.components.litellm.artifacts import (
    CONFIG_PATH,
    FOLDER,
    GATE_HOOK,
    AliasedConfig,
    GatewayConfig,
    gateway_files,
)
from deploy.components.litellm.spec import LiteLLMGateway
from deploy.components.litellm.upstreams import CHAT_PREFIX, fallbacks, pre_call_checks, upstreams
from deploy.components.probes import http_probe, python_probe
from deploy.components.room import Resolved, Site, owner_of
from deploy.deployment.offers import ChatApi, Embeddings, Inside, Offer, way_out
from deploy.deployment.secrets import Secret, SecretUse
from deploy.deployment.service import Service, Tmpfs
from deploy.fields.aliases import followed

UID = 10102
CONTAINER_PORT = 4000
# The official image has Python, and promises no shell.
_PROBE = {"build": http_probe, "pull": python_probe}
MASTER_KEY = "litellm_master_key"
ENVIRONMENT = (
    # A host that is switched off says nothing. A connection that nobody uses is not kept long enough to be the next
    # request's, and one that waits for an answer is asked whether the host is still there, which costs a long answer
    # nothing: after 25 s of silence another engine or a fallback answers, and not after `request_timeout`.
    ("AIOHTTP_KEEPALIVE_TIMEOUT", "5"),
    ("AIOHTTP_SO_KEEPALIVE", "True"),
    ("AIOHTTP_TCP_KEEPCNT", "3"),
    ("AIOHTTP_TCP_KEEPIDLE", "10"),
    ("AIOHTTP_TCP_KEEPINTVL", "5"),
    # For minutes an engine that stopped would be called where it was, and every call wait three seconds for nothing.
    ("AIOHTTP_TTL_DNS_CACHE", "1"),
    # Text for vectors that failed would be sent twice more, while another engine waits.
    ("DEFAULT_MAX_RETRIES", "0"),
    ("DISABLE_ADMIN_UI", "True"),
    ("HOME", "/tmp"),
    ("LITELLM_DONT_SHOW_FEEDBACK_BOX", "true"),
    # Without it the start asks the network for prices, three times, with pauses.
    ("LITELLM_LOCAL_MODEL_COST_MAP", "True"),
    ("LITELLM_MODE", "PRODUCTION"),
    ("LITELLM_WORKER_STARTUP_HOOKS", GATE_HOOK),
    ("NO_DOCS", "True"),
    ("NO_OPENAPI", "True"),
    ("NO_REDOC", "True"),
    ("PYTHONPATH", FOLDER),
)
SYSCTLS = (
    # A request on its way when the host goes is given up after about 100 s, the least that RFC 1122 allows, not 15 min.
    ("net.ipv4.tcp_retries2", 8),
    # LiteLLM's only limit for a connection is that of the whole answer, and the kernel asks for more than two minutes
    # where a firewall drops the question. Asked twice, it is 3 s, as where nobody has the address.
    ("net.ipv4.tcp_syn_retries", 1),
)


def resolve(spec: LiteLLMGateway, site: Site, offers: tuple[Offer, ...]) -> Resolved:
    """Decide the gateway's container and its offers: those of the engines, under a key of its own."""
    callable_offers = tuple(offer for offer in offers if offer.protocol in CHAT_PREFIX)
    chats = tuple(offer for offer in callable_offers if isinstance(offer, ChatApi))
    master = Secret(MASTER_KEY, spec.kind, "sk-", "key of the gateway, for programs that call it", spec.key or "")
    keys = {chat.key.name: _use(chat.key) for chat in chats if chat.key}
    config = _config(spec, callable_offers, keys)
    egress, cause = way_out(spec.egress, callable_offers)
    service = Service(
        name=spec.kind,
        kind=spec.kind,
        image=site.image,
        argv=_argv(),
        owner=owner_of(spec, UID),
        environment=ENVIRONMENT,
        artifacts=gateway_files(config),
        secrets=(SecretUse(master, "LITELLM_MASTER_KEY"), *(keys[name] for name in sorted(keys))),
        ports=site.ports(spec, spec.traits.default_port, CONTAINER_PORT),
        tmpfs=(Tmpfs("/tmp", 128 * 2**20),),
        memory_bytes=spec.memory or 2**30,
        sysctls=SYSCTLS,
        probe=_PROBE[site.image.source](CONTAINER_PORT, "/health/liveliness", 90, "INFO: +"),
        health_timeout_seconds=spec.health_timeout,
        egress=egress,
        egress_cause=cause,
        facts=_facts(config, chats, offers, master),
    )
    return Resolved(service, (), _offers_of(spec, chats, offers, master))


def _config(spec: LiteLLMGateway, offers: tuple[Offer, ...], keys: dict[str, SecretUse]) -> GatewayConfig:
    aliases = followed(spec.aliases)
    routes = {aliases.get(route.model, route.model): route for route in spec.routes}
    models = upstreams(offers, keys, routes)
    own = {name: tuple(aliases.get(other, other) for other in route.fallbacks) for name, route in routes.items()}
    parts = (models, fallbacks(models, own, aliases), pre_call_checks(models), spec.request_timeout)
    return AliasedConfig(*parts, tuple(sorted(aliases.items()))) if aliases else GatewayConfig(*parts)


def _offers_of(
    spec: LiteLLMGateway, chats: tuple[ChatApi, ...], offers: tuple[Offer, ...], master: Secret
) -> tuple[Offer, ...]:
    address, aliases = Inside(spec.kind, CONTAINER_PORT, "/v1"), followed(spec.aliases)
    chat = ChatApi("openai", address, _with(aliases, _models(chats)), master, in_front=True)
    able = _with(aliases, _embedding(chats, offers))
    return (chat, Embeddings("openai", address, able, master, in_front=True))


def _facts(
    config: GatewayConfig, chats: tuple[ChatApi, ...], offers: tuple[Offer, ...], master: Secret
) -> dict[str, Any]:
    aliases = dict(config.aliases) if isinstance(config, AliasedConfig) else {}
    # One by one: in a group, an engine that answers hides one that does not.
    asked = [
        {"id": upstream.id, "model": upstream.name, "vectors": upstream.makes_vectors, "limited": upstream.is_limited}
        for upstream in config.models
    ]
    for alias, model in aliases.items():
        group = [upstream for upstream in config.models if upstream.name == model]
        able, limited = (
            any(upstream.makes_vectors for upstream in group),
            any(upstream.is_limited for upstream in group),
        )
        asked += [{"id": alias, "model": model, "vectors": able, "limited": limited}] if group else []
    return {
        "models": list(_with(aliases, _models(chats))),
        "upstreams": asked,
        "embeddings": list(_with(aliases, _embedding(chats, offers))),
        "key": master.name,
    }


def _with(aliases: dict[str, str], models: tuple[str, ...]) -> tuple[str, ...]:
    """Return models with the aliases that stand for one of them."""
    return tuple(sorted({*models, *(alias for alias, model in aliases.items() if model in models)}))


def _use(key: Secret) -> SecretUse:
    # A variable of its own kind, for LiteLLM gives a meaning to many names that end in _API_KEY.
    return SecretUse(key, "KIT_" + key.name.upper().replace("-", "_"))


def _models(chats: tuple[ChatApi, ...]) -> tuple[str, ...]:
    return tuple(sorted({model for chat in chats for model in chat.models}))


def _embedding(chats: tuple[ChatApi, ...], offers: tuple[Offer, ...]) -> tuple[str, ...]:
    able = {name for offer in offers if isinstance(offer, Embeddings) for name in offer.models}
    return tuple(model for model in _models(chats) if model in able)


def _argv() -> tuple[str, ...]:
    listen = ("--host", "0.0.0.0", "--port", str(CONTAINER_PORT))
    return ("python3", "-m", "litellm.proxy.proxy_cli", "--config", CONFIG_PATH, *listen, "--telemetry", "False")
