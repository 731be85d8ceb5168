"""Another machine of the local network: a network namespace, and a cable of its own to this machine.

`python -m tests.e2e.other_machine` runs on it: one question from standard input, the answer as JSON on standard output.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.tree import REPOSITORY
from tests.waiting import PATIENCE_SECONDS, wait_until

CABLE, ITS_END = "kit-lan0", "kit-lan1"
HERE, PEER, STRANGER = "10.99.77.1", "10.99.77.2", "10.99.77.3"
"""Addresses of this machine, and two of the other one."""
PIECE = 65536


@dataclass(frozen=True)
class Reply:
    """An answer as it came over the network."""

    status: int
    pieces: tuple[str, ...]
    """Its body, as it arrived: an answer that is kept back until its end is one piece."""

    @property
    def text(self) -> str:
        """The whole body."""
        return "".join(self.pieces)


@dataclass(frozen=True)
class OtherMachine:
    """The other machine, as a process that holds its network."""

    pid: int

    def ask(
        self, port: int, path: str, *, key: str = "", body: object = None, as_: str = STRANGER, method: str = ""
    ) -> Reply:
        """Ask this machine from one of its addresses."""
        question = {"port": port, "path": path, "key": key, "body": body, "as": as_, "method": method}
        told = json.loads(self._run("ask", json.dumps(question)))
        return Reply(told["status"], tuple(told["pieces"]))

    def open_ports(self, *ports: int) -> list[int]:
        """Return the ports of this machine to which it can connect."""
        found: list[int] = json.loads(self._run("ports", json.dumps(ports)))
        return found

    def _run(self, what: str, text: str) -> str:
        argv = ["nsenter", f"--net=/proc/{self.pid}/ns/net", sys.executable, "-m", __name__, what]
        done = subprocess.run(argv, input=text, capture_output=True, text=True, cwd=REPOSITORY, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def other_machine() -> Iterator[OtherMachine]:
    """Give another machine in this one's network."""
    with subprocess.Popen(["unshare", "--net", "sleep", "infinity"]) as process:
        try:
            own = f"/proc/{process.pid}/ns/net"
            wait_until(lambda: _networks(own) == ["lo"], "it has a network of its own", saw=lambda: _networks(own))
            _ip("link", "add", CABLE, "type", "veth", "peer", "name", ITS_END, "netns", str(process.pid))
            _ip("address", "add", f"{HERE}/24", "dev", CABLE)
            _ip("link", "set", CABLE, "up")
            inside = ("nsenter", f"--net={own}")
            for address in (PEER, STRANGER):
                _ip("address", "add", f"{address}/24", "dev", ITS_END, before=inside)
            _ip("link", "set", ITS_END, "up", before=inside)
            yield OtherMachine(process.pid)
        finally:
            process.kill()
            # The cable goes with the other network, a moment later.
            subprocess.run(["ip", "link", "delete", CABLE], capture_output=True, check=False)


def _networks(own: str) -> list[str]:
    """Return the network devices behind a namespace's file; none before it is there."""
    argv = ["nsenter", f"--net={own}", "ip", "-json", "link"]
    listed = subprocess.run(argv, capture_output=True, text=True, check=False)
    return [one["ifname"] for one in json.loads(listed.stdout or "[]")]


def _ip(*words: str, before: tuple[str, ...] = ()) -> None:
    done = subprocess.run([*before, "ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


def _asked(question: dict[str, Any]) -> dict[str, Any]:
    body = None if question["body"] is None else json.dumps(question["body"])
    headers = {"Authorization": f"Bearer {question['key']}"} if question["key"] else {}
    connection = http.client.HTTPConnection(
        HERE, question["port"], timeout=PATIENCE_SECONDS, source_address=(question["as"], 0)
    )
    method = question["method"] or ("GET" if body is None else "POST")
    connection.request(method, question["path"], body, headers)
    answer = connection.getresponse()
    return {"status": answer.status, "pieces": [piece.decode() for piece in iter(lambda: answer.read1(PIECE), b"")]}


def _opened(ports: list[int]) -> list[int]:
    found = []
    for port in ports:
        with socket.socket() as trying:
            trying.settimeout(5)
            if trying.connect_ex((HERE, port)) == 0:
                found.append(port)
    return found


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps(_asked(given) if sys.argv[1] == "ask" else _opened(given)))
