"""The only access to hosts: transports by the names of hosts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from deploy.deployment.way import Way
from deploy.errors import KitError
from deploy.hosts.local import LocalTransport
from deploy.hosts.parallel import in_parallel, settled
from deploy.hosts.wire.transport import Transport
from deploy.stack import HERE

Result = TypeVar("Result")
THIS_MACHINE: Mapping[str, Way] = {HERE: Way()}
"""Host of a command that has no kit.yaml."""


class Hosts(Mapping[str, Transport]):
    """Transports by the name of the host."""

    def __init__(self, transports: Mapping[str, Transport]) -> None:
        self._transports = dict(transports)

    def __getitem__(self, host: str) -> Transport:
        return self._transports[host]

    def __iter__(self) -> Iterator[str]:
        return iter(self._transports)

    def __len__(self) -> int:
        return len(self._transports)

    def only(self, names: Collection[str]) -> Hosts:
        """Return some of the hosts."""
        return Hosts({host: transport for host, transport in self.items() if host in names})

    def each(self, ask: Callable[[str, Transport], Result]) -> dict[str, Result]:
        """Ask all hosts in parallel; the errors of all hosts are raised together."""
        return in_parallel({host: partial(ask, host, transport) for host, transport in self.items()})

    def settled(self, ask: Callable[[str, Transport], Result]) -> tuple[dict[str, Result], dict[str, KitError]]:
        """Ask all hosts in parallel; return the answers, and the errors of the hosts that gave none."""
        return settled({host: partial(ask, host, transport) for host, transport in self.items()})


def reach(ways: Mapping[str, Way] = THIS_MACHINE) -> Hosts:
    """Return the transport to each host by its name."""
    return Hosts({host: transport_of(way) for host, way in ways.items()})


def transport_of(way: Way) -> Transport:
    """Return the transport that leads a way."""
    match way.kind:
        case "local":
            return LocalTransport()
        case "ssh":
            from deploy.hosts.ssh.transport import SshTransport

            return SshTransport(way)


def control_node(folder: Path) -> Transport:
    """Return the transport to the machine that kit runs on where it is no host; its agent lies in a folder."""
    return LocalTransport(str(folder), sys.executable)
