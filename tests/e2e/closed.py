"""`unshare --net python -m tests.e2e.closed SOCKET COMMAND...`: runs a command that reaches nothing but a proxy."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

from tests.e2e.proxies import Reader, Writer, both_ways, served

PORT = 3128
PROXY = f"http://127.0.0.1:{PORT}"


def main(at: str, *command: str) -> int:
    """Let a port of this empty network lead to the proxy's socket file outside, and run the command."""
    names = [name for _, name in socket.if_nameindex()]
    assert names == ["lo"], f"this network is not closed: {names}"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    async def answer(reader: Reader, writer: Writer) -> None:
        await both_ways((reader, writer), await asyncio.open_unix_connection(at))

    with served(answer, lambda quietly: asyncio.start_server(quietly, "127.0.0.1", PORT)):
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
