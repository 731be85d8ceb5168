"""The agent's source of a model's file, as the lock decided it; plan and apply read it here."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from deploy.sources import file, pip, url
from deploy.sources.weights.kind import Kind

KINDS: dict[str, Kind] = {kind.key: kind for kind in (pip.KIND, file.KIND, url.KIND)}


def kind_of(source: dict[str, Any]) -> Kind:
    """Return the kind of source that the agent gets a file from."""
    return KINDS[next(iter(source))]


def path_of(source: dict[str, Any]) -> str:
    """Return the path of a file beside kit.yaml; empty for a file from elsewhere."""
    kind = kind_of(source)
    return str(source[kind.key]["path"]) if kind.is_beside_spec else ""


def for_agent(source: dict[str, Any]) -> dict[str, Any]:
    """Return a source in an agent's request: of a file beside kit.yaml, its name alone."""
    path = path_of(source)
    return {kind_of(source).key: {"name": PurePosixPath(path).name}} if path else source
