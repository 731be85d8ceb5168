"""Transport to this machine: its agent is a child of this process."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import HOLD, Answer, Request, Verb
from deploy.agent.remembered import write_file
from deploy.errors import KitError
from deploy.hosts.wire.agent_zip import agent_zip
from deploy.hosts.wire.holding import held
from deploy.hosts.wire.talking import Agent, ask, ask_and_send, listen, receive, stop
from deploy.hosts.wire.transport import Address, OnLine, Opened
from deploy.stack import AGENT_FOLDER, HOST_PYTHON

if TYPE_CHECKING:
    import tempfile

    from deploy.agent.contract.envelope import Held, HoldRequest


class LocalTransport:
    """This machine."""

    def __init__(self, folder: str = AGENT_FOLDER, python: str = HOST_PYTHON) -> None:
        self._folder = Path(folder)
        self._python = python
        self._path: Path | None = None
        self._borrowed: tempfile.TemporaryDirectory[str] | None = None
        self._ahead: dict[str, Agent] = {}

    @property
    def agent_path(self) -> str:
        """Path of the agent; the first use places it there."""
        return str(self._agent())

    @property
    def backend(self) -> str:
        """This machine, as testinfra names it."""
        return "local://"

    @property
    def connection(self) -> Mapping[str, object]:
        """This machine needs no connection."""
        return {"ansible_connection": "local", "ansible_become": False}

    @property
    def is_root(self) -> bool:
        """True if this process is root's: the agent is its child."""
        return os.geteuid() == 0

    @contextlib.contextmanager
    def ahead(self, verb: Verb[Request, Answer]) -> Iterator[None]:
        """Start a verb before its request is known: its agent loads while the request is made."""
        with contextlib.suppress(KitError, OSError):
            # A failure to start is reported when the verb is asked.
            self._ahead[verb] = self._started(verb)
        try:
            yield
        finally:
            if unasked := self._ahead.pop(verb, None):
                stop(unasked)

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        """Run one verb with the request on its standard input."""
        return ask(self._ready(verb), verb, request)

    def send(self, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
        """Run one verb with the request and then the streams that it asks for on its standard input."""
        return ask_and_send(self._ready(verb), verb, request, opened)

    def receive(
        self, verb: Verb[Request, Iterator[bytes]], request: Request
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Run one verb and give the pieces of the stream that it answers."""
        return receive(self._started(verb), verb, request)

    def lines(self, verb: Verb[Request, bytes], request: Request) -> Iterator[bytes]:
        """Run one verb and yield the lines that it prints."""
        return listen(self._started(verb), verb, request)

    @contextlib.contextmanager
    def forward(self, address: Address) -> Iterator[Address]:
        """Give the address itself."""
        yield address

    @contextlib.contextmanager
    def forward_socket(self, path: str) -> Iterator[str]:
        """Give the path itself."""
        yield path

    @contextlib.contextmanager
    def hold(self, request: HoldRequest, on_line: OnLine) -> Iterator[Held]:
        """Keep an agent process that holds the host until its standard input is closed."""
        with self._started(HOLD) as agent:
            yield from held(agent, request, on_line)

    def _ready(self, verb: str) -> Agent:
        return self._ahead.pop(verb) if verb in self._ahead else self._started(verb)

    def _started(self, verb: str) -> Agent:
        try:
            # A session of its own: Ctrl-C reaches the CLI alone, which stops a step, and lets go once it has ended.
            return subprocess.Popen(
                self._argv(verb),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise _no_python(self._python) from None

    def _argv(self, verb: str) -> list[str]:
        # Isolated: neither this user's packages nor PYTHON* variables reach the agent. UTF-8 whatever the locale says.
        return [self._python, "-X", "utf8", "-IS", str(self._agent()), verb]

    def _agent(self) -> Path:
        if self._path is None:
            self._path = self._place(self._folder / agent_zip().name)
        return self._path

    def _place(self, path: Path) -> Path:
        # The name tells the bytes: those of this kit are not made to compare them.
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == agent_zip().digest:
            # Of the agents on a host, those that were used last are kept.
            with contextlib.suppress(PermissionError):
                os.utime(path)
            return path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, agent_zip().content, 0o444)
        except PermissionError:
            import tempfile

            self._borrowed = tempfile.TemporaryDirectory(prefix="kit-agent-")
            path = Path(self._borrowed.name) / path.name
            path.write_bytes(agent_zip().content)
        return path


def _no_python(path: str) -> KitError:
    return KitError(f"no Python at {path}", "install it: apt install python3")
