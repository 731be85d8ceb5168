"""The gateway's decisions: one address and one key in front of every engine, no database."""

from __future__ import annotations

from deploy.components.litellm.artifacts import CONFIG_PATH, FOLDER, GATE_HOOK, UPSTREAM_PREFIX, gateway_files
from deploy.components.litellm.spec import LiteLLMGateway
from deploy.components.probes import http_probe
from deploy.components.room import Resolved, Site, owner_of
from deploy.deployment import Secret, SecretUse, Service, Tmpfs
from deploy.offers import ChatApi, Embeddings, Offer

UID = 10102
CONTAINER_PORT = 4000
ENVIRONMENT = (
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


def resolve(spec: LiteLLMGateway, site: Site, offers: tuple[Offer, ...]) -> Resolved:
    """Decide the gateway's container and what it offers: what the engines offer, under its own key."""
    chats = tuple(offer for offer in offers if isinstance(offer, ChatApi) and offer.protocol in UPSTREAM_PREFIX)
    master = Secret("litellm_master_key", spec.kind, "sk-", "key of the gateway, for programs that call it")
    keys = {chat.key.name: _use(chat.key) for chat in chats if chat.key}
    service = Service(
        name=spec.kind,
        kind=spec.kind,
        image=site.image,
        argv=_argv(),
        owner=owner_of(spec, UID),
        environment=ENVIRONMENT,
        artifacts=gateway_files(chats, keys, spec.request_timeout),
        secrets=(SecretUse(master, "LITELLM_MASTER_KEY"), *(keys[name] for name in sorted(keys))),
        ports=site.ports(spec, spec.traits.default_port, CONTAINER_PORT),
        tmpfs=(Tmpfs("/tmp", 128 * 2**20),),
        memory_bytes=spec.memory or 2**30,
        probe=http_probe(CONTAINER_PORT, "/health/liveliness", start_period_seconds=90),
        health_timeout_seconds=spec.health_timeout,
        egress=spec.egress or "none",
        egress_cause="the spec says so" if spec.egress == "any" else "",
        facts={"models": list(_models(chats)), "embeddings": list(_embedding(chats, offers)), "key": master.name},
    )
    address = f"http://{spec.kind}:{CONTAINER_PORT}/v1"
    chat = ChatApi("openai", address, _models(chats), master)
    return Resolved(service, (), (chat, Embeddings("openai", address, _embedding(chats, offers), master)))


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
