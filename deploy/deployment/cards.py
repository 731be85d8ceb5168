"""Graphics cards of a host as kit.lock has them: the answer to `gpu: auto`, and NVIDIA's cards as Docker gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CDI = "cdi"
"""Docker's driver for CDI's device names."""
CDI_KIND = "nvidia.com/gpu"
"""Kind of device under which NVIDIA's toolkit names cards."""
CDI_FLOOR = "28.2"
"""First Docker that knows CDI's names without a setting, and brings such containers back after a restart."""
GPU = "gpu"
"""Name of the hosts' cards among the pinned inputs of kit.lock."""
LEAST_AMD = 3 * 2**30
"""Memory of an AMD card that `auto` takes: graphics inside a processor have less of their own, as a rule."""
CHOOSING = {
    "nvidia": "CUDA_VISIBLE_DEVICES",
    "amd": "ROCR_VISIBLE_DEVICES",
    "intel": "GGML_VK_VISIBLE_DEVICES",
}
"""Variables by which programs choose among a vendor's cards."""
WSL_NODE = "/dev/dxg"
"""The device file of Windows' driver."""


@dataclass(frozen=True)
class Card:
    """A card by its UUID and its device file; empty for an unknown one."""

    uuid: str = ""
    node: str = ""


@dataclass(frozen=True)
class Cards:
    """Cards that an engine may get."""

    vendor: str
    """Their vendor, or none."""
    is_cdi: bool = False
    """True for CDI's device names; else a driver of Docker's and the device files by name."""
    nodes: tuple[str, ...] = ()
    """Device files that every container with a card needs in that other form."""
    cards: tuple[Card, ...] = ()
    """The cards in the order of their numbers."""

    @property
    def is_wsl(self) -> bool:
        """True for the cards of a Windows around the host: there all of them have one device file."""
        return WSL_NODE in self.nodes

    def chosen(self, wanted: Sequence[str]) -> tuple[Card, ...]:
        """Return the cards of these numbers and UUIDs, or all; KeyError names a missing one."""
        if not wanted:
            return self.cards
        known = {card.uuid.lower(): card for card in self.cards if card.uuid}
        known |= {str(number): card for number, card in enumerate(self.cards)}
        return tuple(known[name.lower()] for name in wanted)

    def uuids(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return these numbers and UUIDs as UUIDs, as far as they are known."""
        known = {str(number): card.uuid for number, card in enumerate(self.cards) if card.uuid}
        return tuple(known.get(name, name) for name in wanted)


def unknown_cards(wanted: Sequence[str], uuids: Sequence[str | None]) -> list[str]:
    """Return the chosen cards that a host with these cards cannot have.

    AMD's and Intel's numbers are their programs' own: there are as many of them as cards, at most. A card whose driver
    tells no UUID may have any.
    """
    known = {uuid.lower() for uuid in uuids if uuid}
    is_told = len(known) == len(uuids)
    return [
        card
        for card in wanted
        if (int(card) >= len(uuids) if card.isdigit() else is_told and card.lower() not in known)
    ]


TOOLKIT_PACKAGES = (
    "nvidia-container-toolkit",
    "nvidia-container-toolkit-base",
    "libnvidia-container-tools",
    "libnvidia-container1",
)
"""Packages of NVIDIA's container toolkit, which belong together in one version."""


@dataclass(frozen=True)
class ToolkitPackage:
    """A package of NVIDIA's container toolkit."""

    name: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Toolkit:
    """NVIDIA's container toolkit as kit.lock pins it."""

    version: str
    key: str
    """Key that signs the packages' source, in base64."""
    packages: tuple[ToolkitPackage, ...]

    @property
    def versions(self) -> dict[str, str]:
        """Return the version of each package, by its name."""
        return {package.name: self.version for package in self.packages}
