"""The agent's source of a model's file, as the lock decided it; plan and apply read it here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.sources import file, pip, url
from deploy.sources.weights.kind import Kind

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Source

KINDS: dict[str, Kind] = {kind.key: kind for kind in (pip.KIND, file.KIND, url.KIND)}


def kind_of(source: dict[str, Any]) -> Kind:
    """Return the kind of source that the agent gets a file from."""
    return KINDS[next(iter(source))]


def path_of(source: dict[str, Any]) -> str:
    """Return the path of a file beside kit.yaml; empty for a file from elsewhere."""
    kind = kind_of(source)
    return str(source[kind.key]["path"]) if kind.is_beside_spec else ""


def for_agent(source: dict[str, Any]) -> Source:
    """Return a source in an agent's request."""
    kind = kind_of(source)
    return kind.for_agent(source[kind.key])
