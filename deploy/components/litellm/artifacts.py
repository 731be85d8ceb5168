"""Files that the gateway mounts: its list of models, and the gate in front of everything that it serves."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.components.litellm.upstreams import Fallbacks, Upstream
from deploy.deployment.service import Artifact

FOLDER = "/kit"
CONFIG_PATH = f"{FOLDER}/litellm.yaml"
GATE = "kit_gate"
GATE_HOOK = f"{GATE}:close"
"""Hook that LiteLLM runs at its start."""


@dataclass(frozen=True)
class GatewayConfig:
    """Values printed in the gateway's file."""

    models: tuple[Upstream, ...]
    fallbacks: Fallbacks
    pre_call_checks: tuple[str, ...]
    request_timeout_seconds: int


@dataclass(frozen=True)
class AliasedConfig(GatewayConfig):
    """Values of a file with further names of models; without names the file has no such part."""

    aliases: tuple[tuple[str, str], ...]
    """Pairs of a further name and its model."""


def gateway_files(config: GatewayConfig) -> tuple[Artifact, ...]:
    """Return the gateway's files; the first lists every model of every engine under its own name."""
    return (
        Artifact("litellm/litellm.yaml.j2", "litellm.yaml", CONFIG_PATH, config),
        Artifact("litellm/kit_gate.py.j2", f"{GATE}.py", f"{FOLDER}/{GATE}.py"),
    )
