"""The facts of a source that a plan counts with; cheap to import, for every plan does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Source
    from deploy.deployment.model_source import ModelSource


@dataclass(frozen=True)
class Kind:
    """One source of a model's file."""

    key: str
    """Its key in kit.yaml and in a request."""
    for_agent: Callable[[ModelSource], Source]
    """Returns a source as the agent's request has it."""
    is_beside_spec: bool = False
    """True if the file lies beside kit.yaml: the control node sends it, and nothing is fetched."""
    is_unpacked: bool = False
    """True if it comes in wheels, which uv unpacks."""
    staged: int = 0
    """Number of copies in the cache until the file is in its place; the agent counts the same."""
    staged_sent: int = 0
    """Number of copies until an engine has the file over its API."""
