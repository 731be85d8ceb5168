"""Rights to change hosts."""

from __future__ import annotations

from deploy.cli.terminal.calling import this_line
from deploy.errors import KitError
from deploy.hosts.reach import Hosts
from deploy.hosts.transport import Transport


def ensure_root(hosts: Hosts, what: str) -> None:
    """Refuse a command whose agent is not root on each host, with the line to type."""

    def ensure(_host: str, transport: Transport) -> None:
        if not transport.is_root:
            raise KitError(f"{what}: that needs root", f"type: sudo {this_line()}")

    hosts.each(ensure)
