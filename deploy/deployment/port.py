"""Published ports of a host."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True)
class Port:
    """A port that is published at one address of the host."""

    address: str
    host_port: int
    container_port: int

    @property
    def place(self) -> str:
        """Return the address and port as they are written together."""
        return f"{f'[{self.address}]' if ':' in self.address else self.address}:{self.host_port}"

    @property
    def is_open(self) -> bool:
        """Return True if other machines may reach it."""
        return not ip_address(self.address).is_loopback
