"""Rights to change hosts."""

from __future__ import annotations

from deploy.cli.terminal.calling import this_line
from deploy.errors import KitError
from deploy.hosts.reach import Hosts
from deploy.hosts.wire.transport import Transport
from deploy.stack import HERE
from deploy.words import as_root


def ensure_root(hosts: Hosts, verb: str, cause: str = "") -> None:
    """Refuse a command whose agent is not root on each host, with the line to type."""

    def ensure(host: str, transport: Transport) -> None:
        if not transport.is_root:
            step = f"type: sudo {this_line()}" if host == HERE else as_root(host)
            raise KitError(f"{verb} needs root{cause}", step)

    hosts.each(ensure)
