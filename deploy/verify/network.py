"""Who listens on the host, and whether a container gets out of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from ipaddress import ip_address

from testinfra.host import Host

from deploy.verify.containers import Containers

LISTENS = "0A"
SECONDS = 2
UNMASKED = "com.docker.network.bridge.enable_ip_masquerade"


class Network:
    """Asks the host's own tables, and containers for a way out."""

    def __init__(self, host: Host, containers: Containers) -> None:
        self.host = host
        self.containers = containers

    @cached_property
    def listeners(self) -> frozenset[tuple[str, int]]:
        """Every address and port that something on the host listens on."""
        text = str(self.host.run("cat /proc/net/tcp /proc/net/tcp6").stdout)
        rows = (line.split() for line in text.splitlines())
        return frozenset(_address(row[1]) for row in rows if len(row) > 3 and row[3] == LISTENS)

    @cached_property
    def outside(self) -> tuple[str, int] | None:
        """A place beyond the host that the host itself reaches now: the control of every way out."""
        place = self.containers.seen.part("outside")
        return (place[0], place[1]) if place else None

    @cached_property
    def ways_out(self) -> dict[str, bool]:
        """Whether each service's container reaches the place outside; all are asked at the same time."""
        if self.outside is None:
            return {}
        address, port = self.outside
        argv = ["timeout", str(SECONDS), "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}"]

        def ask(container: str) -> bool:
            return self.containers.exit_code(container, argv) == 0

        names = {name: str(one["Id"]) for name, one in self.containers.by_service.items()}
        with ThreadPoolExecutor(max_workers=8) as pool:
            return dict(zip(names, pool.map(ask, names.values()), strict=True))


def _address(text: str) -> tuple[str, int]:
    host, port = text.split(":")
    words = [bytes.fromhex(host[start : start + 8])[::-1] for start in range(0, len(host), 8)]
    address = ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address), int(port, 16)
