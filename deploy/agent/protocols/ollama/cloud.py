"""Models that an engine leaves to its vendor's cloud, where it is asked over a protocol that does not tell."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.protocols.ollama.engine import Engine
from deploy.agent.protocols.ollama.names import owner
from deploy.agent.protocols.wire import Limits

if TYPE_CHECKING:
    from deploy.agent.contract.engines import NamedEngine

VERSION = "/v1"


def in_cloud(described: NamedEngine, owners: dict[str, str], root: Path, ca: str | None, limits: Limits) -> list[str]:
    """Return the names whose questions go elsewhere, as the same program says at the root of its address.

    Other programs are not asked: their models have other owners.
    """
    base = described["address"][: -len(VERSION)]
    if (
        not owners
        or any(owner(name) != told for name, told in owners.items())
        or f"{base}{VERSION}" != described["address"]
    ):
        return []
    with suppress(AgentError):
        engine = Engine({**described, "protocol": Engine.protocol, "address": base}, root, ca, limits)
        return sorted(live.name for live in engine.models().values() if live.is_in_cloud)
    return []
