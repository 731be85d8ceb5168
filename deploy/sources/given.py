"""The agent's source of a model's file, as the lock decided it; plan and apply read it here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.sources import file, pip, url
from deploy.sources.weights.kind import Kind

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Source
    from deploy.deployment.model_source import ModelSource

KINDS: dict[str, Kind] = {kind.key: kind for kind in (pip.KIND, file.KIND, url.KIND)}


def kind_of(source: ModelSource) -> Kind:
    """Return the kind of source that the agent gets a file from."""
    return KINDS[next(iter(source))]


def path_of(source: ModelSource) -> str:
    """Return the path of a file beside kit.yaml; empty for a file from elsewhere."""
    return source["file"]["path"] if "file" in source else ""


def for_agent(source: ModelSource) -> Source:
    """Return a source in an agent's request."""
    return kind_of(source).for_agent(source)
