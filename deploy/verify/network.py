"""The host's listeners, and the containers' ways out of it."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from ipaddress import ip_address, ip_network

from testinfra.host import Host

from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.containers import Containers
from deploy.verify.inside import NO_PROGRAM, connecting

SECONDS = 2
WORKERS = 9
"""One waits for the others' answers."""
UNMASKED = "com.docker.network.bridge.enable_ip_masquerade"
Place = tuple[str, int]


class Network:
    """Asks the agent and the host's own tool for listeners, and containers for a way out.

    Containers are asked in the background: a way out that drops packets is known to be closed after a timeout alone.
    """

    def __init__(self, host: Host, containers: Containers, services: Iterable[Service]) -> None:
        self.host = host
        self.containers = containers
        self.evidence = containers.evidence
        self._pool = ThreadPoolExecutor(WORKERS)
        self._closed = [service.name for service in services if service.egress != "any"]
        self._asked = self._pool.submit(self._ask) if self._closed else None

    @cached_property
    def listeners(self) -> frozenset[Place]:
        """Every address and port that something on the host listens on, from two sources."""
        told = frozenset(place(port["address"], port["port"]) for port in self.evidence.listeners)
        return told | self._told_by_the_host

    @property
    def _told_by_the_host(self) -> frozenset[Place]:
        """The listeners by the host's own tool; without that tool, those by the agent only."""
        try:
            sockets = self.host.socket.get_listening_sockets()
        except RuntimeError:
            return frozenset()
        places = (socket.removeprefix("tcp://").rpartition(":") for socket in sockets if socket.startswith("tcp://"))
        return frozenset(place(address.partition("%")[0], int(number)) for address, _, number in places)

    @cached_property
    def outside(self) -> Place | None:
        """A place beyond the host that the host itself reaches now: the control of every way out."""
        port = self.evidence.outside
        return (port["address"], port["port"]) if port else None

    def masks_of(self, addresses: Iterable[str]) -> list[str]:
        """Return the lines that remove rules of networks that are gone, and that let one of these addresses out."""
        own = [ip_address(address) for address in addresses]
        try:
            masks = self.evidence.masks
        except NotAsPlannedError:
            # Without iptables nobody can tell.
            return []
        return [mask["line"] for mask in masks if any(each in ip_network(mask["source"]) for each in own)]

    @property
    def ways_out(self) -> dict[str, bool | None]:
        """True for each closed service whose container reaches the place outside; None if nothing in it could try."""
        return self._asked.result() if self._asked else {}

    def _ask(self) -> dict[str, bool | None]:
        if self.outside is None:
            return {}
        argv = connecting(*self.outside, SECONDS)

        def ask(container: str) -> bool | None:
            code = self.containers.exit_code(container, argv)
            return None if code in NO_PROGRAM else code == 0

        containers = self.containers.by_service
        names = {name: str(containers[name]["Id"]) for name in self._closed if name in containers}
        return dict(zip(names, self._pool.map(ask, names.values()), strict=True))


def place(address: str, port: int) -> Place:
    """Return an address in its short form, an IPv4 address within IPv6 as itself."""
    parsed = ip_address(address)
    return str(getattr(parsed, "ipv4_mapped", None) or parsed), port
