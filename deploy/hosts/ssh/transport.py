"""Transport to a host over the system's OpenSSH: its agent runs there as root, at the end of one shared connection."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deploy.agent.contract.verbs import HOLD, RELAY, Answer, Request, Verb
from deploy.deployment.way import Way
from deploy.errors import KitError
from deploy.hosts.ssh import passwords, troubles
from deploy.hosts.ssh.bootstrap import Greeting, agent_path, bootstrap_command
from deploy.hosts.ssh.connection import Session
from deploy.hosts.ssh.connections import connection_to
from deploy.hosts.ssh.greeting import LostError, greeted
from deploy.hosts.wire.agent_zip import agent_zip
from deploy.hosts.wire.answers import read_answer
from deploy.hosts.wire.holding import held
from deploy.hosts.wire.talking import ask_and_send, decode, encode, listen, receive, streams_of
from deploy.hosts.wire.transport import Address, OnLine, Opened

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Held, HoldRequest
    from deploy.agent.contract.relay import RelayRequest


class SshTransport:
    """A host over SSH."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._connection = connection_to(way)
        self._greeting: Greeting | None = None
        self._ahead: dict[str, Session] = {}
        """Verbs that were started ahead, and are not asked yet."""
        self._met: set[Session] = set()
        """Those whose agent waits for a request."""

    @property
    def agent_path(self) -> str:
        """Path of the agent on the host."""
        self._ensure_greeted()
        return agent_path(agent_zip())

    @property
    def backend(self) -> str:
        """The host as testinfra names it, with the settings of the shared connection."""
        self._connection.ensure_open()
        return backend_of(self._way, self._connection.settings)

    @property
    def connection(self) -> Mapping[str, object]:
        """Ansible's variables: the shared connection, and sudo where the user is not root."""
        is_root = self._ensure_greeted().uid == 0
        variables: dict[str, Any] = {
            "ansible_connection": "ssh",
            "ansible_host": self._way.address,
            "ansible_ssh_args": f"-F {self._connection.settings}",
            "ansible_become": not is_root,
            "ansible_become_method": "sudo",
        }
        password = None if is_root else passwords.known_password(self._way)
        return variables if password is None else {**variables, "ansible_become_password": password}

    @property
    def is_root(self) -> bool:
        """True: an agent that cannot become root is refused when it is asked."""
        return True

    @contextlib.contextmanager
    def ahead(self, verb: Verb[Request, Answer]) -> Iterator[None]:
        """Start a verb before its request is known: the connection and the agent begin while the request is made."""
        with contextlib.suppress(KitError, OSError):
            # A failure to start is reported when the verb is asked.
            self._ahead[verb] = self._connection.session(bootstrap_command(agent_zip(), verb))
        try:
            yield
        finally:
            if unasked := self._ahead.pop(verb, None):
                _ended(unasked)

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        """Run one verb."""
        return self.send(verb, request, _nothing)

    def send(self, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
        """Run one verb with the streams that it asks for on its standard input."""
        return ask_and_send(self._started(verb), verb, _attended(request), opened)

    def receive(
        self, verb: Verb[Request, Iterator[bytes]], request: Request
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Run one verb and give the pieces of the stream that it answers."""
        return receive(self._started(verb), verb, request)

    def lines(self, verb: Verb[Request, bytes], request: Request) -> Iterator[bytes]:
        """Run one verb and yield the lines that it prints."""
        return listen(self._started(verb), verb, _attended(request))

    @contextlib.contextmanager
    def forward(self, address: Address) -> Iterator[Address]:
        """Give a port of this machine that leads to the address."""
        host, port = address
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        own = _free_port()
        with self._connection.forward(f"127.0.0.1:{own}", place):
            yield "127.0.0.1", own

    @contextlib.contextmanager
    def forward_socket(self, path: str) -> Iterator[str]:
        """Give a socket of this machine that leads to one that root alone may use there."""
        request: RelayRequest = {"path": path, "uid": self._ensure_greeted().uid}
        with self._started(RELAY) as agent:
            writing, reading, _ = streams_of(agent)
            try:
                writing.write(encode(request))
                writing.flush()
                there = read_answer(RELAY, decode(RELAY, 0, reading.readline(), b""))["socket"]
                own = self._connection.free_socket()
                with self._connection.forward(own, there):
                    yield own
            finally:
                agent.terminate()

    @contextlib.contextmanager
    def hold(self, request: HoldRequest, on_line: OnLine) -> Iterator[Held]:
        """Keep an agent that holds the host until its standard input is closed, or silent for too long."""
        with self._started(HOLD) as agent:
            yield from held(agent, request, on_line)

    def _ensure_greeted(self) -> Greeting:
        self._meet()
        if self._greeting is None:
            with self._started(RELAY) as session:
                session.terminate()
        return cast("Greeting", self._greeting)

    def _meet(self) -> None:
        """Greet what was started ahead: its ssh opens the connection for every other verb, or tells why it cannot."""
        for verb, session in tuple(self._ahead.items()):
            if session not in self._met:
                # A session that fails is asked nothing more.
                del self._ahead[verb]
                try:
                    self._greet(session)
                except LostError as lost:
                    self._reopen(lost)
                else:
                    self._met.add(session)
                    self._ahead[verb] = session

    def _started(self, verb: str) -> Session:
        self._meet()
        if begun := self._ahead.pop(verb, None):
            return begun
        try:
            return self._begun(verb)
        except LostError as lost:
            self._reopen(lost)
        try:
            return self._begun(verb)
        except LostError as lost:
            raise troubles.lost(self._way, lost.said) from None

    def _reopen(self, lost: LostError) -> None:
        """Open the connection: it could not be opened, or has ended since it was looked at; nothing was asked."""
        self._connection.ensure_open(lost.said if lost.is_opener else None)

    def _begun(self, verb: str) -> Session:
        session = self._connection.session(bootstrap_command(agent_zip(), verb))
        self._greet(session)
        return session

    def _greet(self, session: Session) -> None:
        try:
            self._greeting = greeted(session, self._way)
        except BaseException:
            _ended(session)
            raise


def _ended(session: Session) -> None:
    session.terminate()
    with session:
        session.kill()


def backend_of(way: Way, settings: Path) -> str:
    """Return a host as testinfra names it: reached with these settings of ssh alone."""
    address = f"[{way.address}]" if ":" in way.address else way.address
    return f"ssh://{address}?ssh_config={settings}&controlpersist=0"


def _attended(request: Request) -> Request:
    """Return a request whose agent ends with its asker."""
    return cast("Request", {**request, "attended": True})


def _nothing(name: str, _start: int) -> AbstractContextManager[Any]:
    raise LookupError(f"the agent asks for {name}, which nobody announced")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
