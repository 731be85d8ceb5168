"""Graphics cards of an Observation, with their devices and NVIDIA's driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Card:
    """A graphics card that a model could run on; None for unknown facts."""

    vendor: str
    card: str | None = None
    """Its name, or the numbers of its vendor and kind."""
    driver: str | None = None
    pci: str | None = None
    """Its address on the machine's bus."""
    uuid: str | None = None
    """Its own name, which stays when cards come and go; drivers choose cards by it."""
    memory_bytes: int | None = None
    """Its own memory."""
    compute: str | None = None
    """Compute capability of an NVIDIA card."""
    ids: str | None = None
    """Numbers of its vendor and its kind on the bus."""
    node: str | None = None
    """Device file of an NVIDIA card."""

    @property
    def words(self) -> str:
        """Return its name and its driver."""
        return f"GPU {self.card or self.vendor} ({f'driver {self.driver}' if self.driver else 'no driver'})"


@dataclass(frozen=True)
class DeviceNode:
    """A device's file with its owner and mode."""

    path: str
    uid: int
    gid: int
    mode: str

    def is_open_to(self, uid: int, gids: set[int]) -> bool:
        """Return True if a user in these groups may read and write it."""
        bits = int(self.mode, 8)
        mine = bits >> 6 if uid == self.uid else bits >> 3 if self.gid in gids else bits
        return mine & 0o6 == 0o6


@dataclass(frozen=True)
class Nvidia:
    """NVIDIA's driver and container toolkit; None or empty for unknown facts."""

    module: str | None = None
    """Version of the loaded kernel module."""
    is_open: bool | None = None
    """True for the open kernel modules."""
    license: str = ""
    """License of the module on the disk."""
    problem: str = ""
    """Words of nvidia-smi if it fails."""
    library: str | None = None
    """Version of the library where it is another one than the module's."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Versions of the toolkit's packages."""
    has_ctk: bool = False
    """True if `nvidia-ctk` is there, from a package or not."""
    mode: str = ""
    """Mode of the toolkit's runtime as its settings say it."""
    cdi: Sequence[str] = ()
    """CDI's names of the cards."""
    cdi_driver: str | None = None
    """Version of the driver that these names were made for."""
    nodes: Sequence[str] = ()
    """Device files of the driver."""
