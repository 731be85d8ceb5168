"""A GGUF file at an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.sources.weights.kind import Kind

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Source


def _for_agent(source: dict[str, Any]) -> Source:
    return {"url": {"url": str(source["url"])}}


KIND = Kind("url", _for_agent, staged=1)
"""A download is staged, for an interrupted one goes on; what is sent to an engine passes through."""
