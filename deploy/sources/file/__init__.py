"""A GGUF file beside kit.yaml."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from deploy.sources.weights.kind import Kind

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Source
    from deploy.deployment.model_source import ModelSource


def _for_agent(source: ModelSource) -> Source:
    # The agent opens no path of the control node: the name is for messages.
    return {"file": {"name": PurePosixPath(source["file"]["path"]).name}}


KIND = Kind("file", _for_agent, is_beside_spec=True)
