"""The files that the gateway mounts: its list of models, and the gate in front of everything that it serves."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.components.litellm.upstreams import Fallbacks, Upstream
from deploy.deployment.service import Artifact

FOLDER = "/kit"
CONFIG_PATH = f"{FOLDER}/litellm.yaml"
GATE = "kit_gate"
GATE_HOOK = f"{GATE}:close"
"""What LiteLLM runs at its start."""


@dataclass(frozen=True)
class GatewayConfig:
    """What the gateway's file prints."""

    models: tuple[Upstream, ...]
    fallbacks: Fallbacks
    pre_call_checks: tuple[str, ...]
    request_timeout_seconds: int


@dataclass(frozen=True)
class AliasedConfig(GatewayConfig):
    """The same where models have further names; without them the file has no such part."""

    aliases: tuple[tuple[str, str], ...]
    """Each with the model that it stands for."""


def gateway_files(config: GatewayConfig) -> tuple[Artifact, ...]:
    """Return the gateway's files; the first lists every model of every engine, under its own name."""
    return (
        Artifact("litellm/litellm.yaml.j2", "litellm.yaml", CONFIG_PATH, config),
        Artifact("litellm/kit_gate.py.j2", f"{GATE}.py", f"{FOLDER}/{GATE}.py"),
    )
