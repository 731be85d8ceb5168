"""`unshare --net python -m tests.e2e.closed SOCKET PORT COMMAND...`: runs a command that reaches one place alone.

The place is whatever answers at the socket file outside; the command sees it at the port on its own loopback.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

from tests.e2e.proxies import Reader, Writer, both_ways, served
from tests.tree import REPOSITORY


def closed(at: Path, port: int) -> tuple[str, ...]:
    """Return what to put before a command that shall reach the socket file alone, at the port; it may run anywhere."""
    return ("env", f"PYTHONPATH={REPOSITORY}", "unshare", "--net", sys.executable, "-m", __name__, str(at), str(port))


def main(at: str, port: str, *command: str) -> int:
    """Let a port of this empty network lead to the socket file outside, and run the command."""
    names = [name for _, name in socket.if_nameindex()]
    assert names == ["lo"], f"this network is not closed: {names}"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    async def answer(reader: Reader, writer: Writer) -> None:
        await both_ways((reader, writer), await asyncio.open_unix_connection(at))

    with served(answer, lambda quietly: asyncio.start_server(quietly, "127.0.0.1", int(port))):
        # Whoever starts a browser talks to it over open files that it inherits.
        return subprocess.run(command, check=False, close_fds=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
