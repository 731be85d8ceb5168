"""The decisions of a placed release: its deployment.json."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from deploy.agent.remembered import read_json

if TYPE_CHECKING:
    from deploy.agent.contract.deployed import Deployed

FILE = "deployment.json"


def deployed(release: Path) -> Deployed:
    """Return the decisions of the release in a folder; empty if they cannot be read."""
    return cast("Deployed", read_json(release / FILE) or {})
