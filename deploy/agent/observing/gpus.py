"""The verb `cards`: what `kit lock` needs to know of a host's graphics cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.contract import FORMAT
from deploy.agent.docker.installed import server_version
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import INSTALLED_DOCKER
from deploy.agent.observing import cards, hardware
from deploy.agent.observing.wsl import networking_mode

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Request
    from deploy.agent.contract.hardware import CardsAnswer

NODES = ("/dev/kfd", "/dev/dri/renderD*")


def run(_request: Request, _journal: Journal) -> CardsAnswer:
    """Describe the cards, their device files and Docker's version."""
    seen, nvidia = cards.observe()
    return {
        "format": FORMAT,
        "cards": seen,
        "nvidia": nvidia,
        "wsl": networking_mode(),
        "devices": [node for pattern in NODES for node in hardware.devices(pattern)],
        "docker": server_version(),
        "kit_installed": INSTALLED_DOCKER.exists(),
    }
