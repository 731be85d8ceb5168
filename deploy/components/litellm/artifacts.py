"""The files that the gateway mounts: its list of models, and the gate in front of everything that it serves."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.deployment import Artifact, SecretUse
from deploy.offers import ChatApi

FOLDER = "/kit"
CONFIG_PATH = f"{FOLDER}/litellm.yaml"
GATE = "kit_gate"
GATE_HOOK = f"{GATE}:close"
"""What LiteLLM runs at its start."""
UPSTREAM_PREFIX = {"openai": "openai/"}
"""LiteLLM's word for each protocol that an engine may speak."""
NO_KEY = "none"


@dataclass(frozen=True)
class Upstream:
    """One model as the gateway reaches it."""

    name: str
    upstream: str
    api_base: str
    api_key: str


@dataclass(frozen=True)
class GatewayConfig:
    """What the gateway's file prints."""

    models: tuple[Upstream, ...]
    request_timeout_seconds: int


def gateway_files(
    chats: tuple[ChatApi, ...], keys: dict[str, SecretUse], request_timeout_seconds: int
) -> tuple[Artifact, ...]:
    """Return the gateway's files; the first lists every model of every engine, under its own name."""
    models = tuple(
        Upstream(
            name=model,
            upstream=f"{UPSTREAM_PREFIX[chat.protocol]}{model}",
            api_base=chat.url,
            api_key=f"os.environ/{keys[chat.key.name].variable}" if chat.key else NO_KEY,
        )
        for chat in chats
        for model in chat.models
    )
    ordered = tuple(sorted(models, key=lambda model: (model.name, model.api_base)))
    context = GatewayConfig(ordered, request_timeout_seconds)
    return (
        Artifact("litellm/litellm.yaml.j2", "litellm.yaml", CONFIG_PATH, context),
        Artifact("litellm/kit_gate.py.j2", f"{GATE}.py", f"{FOLDER}/{GATE}.py"),
    )
