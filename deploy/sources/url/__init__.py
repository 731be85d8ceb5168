"""A GGUF file at an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.sources.weights.kind import Kind

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Source
    from deploy.deployment.model_source import ModelSource


def _for_agent(source: ModelSource) -> Source:
    return {"url": source["url"]}


KIND = Kind("url", _for_agent, staged=1)
"""A download is staged, for an interrupted one goes on; what is sent to an engine passes through."""
