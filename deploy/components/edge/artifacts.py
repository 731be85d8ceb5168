"""The file that the edge mounts: its listeners, with the engine behind each."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.deployment.service import Artifact

CONFIG_PATH = "/kit/Caddyfile"
HEALTH_PATH = "/kit/health"
"""Answered to anybody with the address from which the edge sees the question come."""
KEY_VARIABLE = "EDGE_KEY"


@dataclass(frozen=True)
class Listener:
    """A port of the container with one engine behind it."""

    port: int
    engine: str
    upstream: str
    """Host and port of the engine inside the stack's networks."""
    peers: tuple[str, ...]
    """Addresses and networks whose machines need no key."""


@dataclass(frozen=True)
class EdgeConfig:
    """Values printed in the edge's file."""

    health_path: str
    key_variable: str
    takes_x_api_key: bool
    """True if the key may come as clients of Anthropic's API send it."""
    listeners: tuple[Listener, ...]


def caddyfile(listeners: tuple[Listener, ...], *, takes_x_api_key: bool) -> Artifact:
    """Return the edge's file."""
    config = EdgeConfig(HEALTH_PATH, KEY_VARIABLE, takes_x_api_key, listeners)
    return Artifact("edge/Caddyfile.j2", "Caddyfile", CONFIG_PATH, config)
