"""The protocol of transports to hosts.

The control node has no other access to a host: it calls verbs of the agent, and uses forwarded addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.errors import KitError

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Failure, Held, HoldRequest, JournalLine

OnLine = Callable[["JournalLine"], None]
Address = tuple[str, int]
"""A name or number of a host, and a port."""
Opened = Callable[[str, int], AbstractContextManager[Iterable[bytes]]]
"""Opens a stream by its name, from one of its bytes on, and gives it in pieces."""


class Transport(Protocol):
    """A transport to one host, wherever that is."""

    @property
    def agent_path(self) -> str:
        """Path of the agent on the host."""

    @property
    def backend(self) -> str:
        """The host as testinfra names it, for the checks."""

    @property
    def connection(self) -> Mapping[str, object]:
        """The host's connection as variables of Ansible's inventory."""

    @property
    def is_root(self) -> bool:
        """True if the agent runs as root there, by itself or through sudo on the host."""

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        """Ask the agent for one verb; its failure is raised as a KitError with its next step."""

    def ahead(self, verb: Verb[Request, Answer]) -> AbstractContextManager[None]:
        """Start a verb before its request is known: its agent loads while the request is made."""

    def hold(self, request: HoldRequest, on_line: OnLine) -> AbstractContextManager[Held]:
        """Take the right to change the host; lines of the run's journal arrive until it is let go."""

    def send(self, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
        """Ask for one verb, and send the streams that its agent asks for to its standard input.

        The agent asks for one at a time by its name, and from which byte on; the number of bytes may be unknown.
        """

    def receive(
        self, verb: Verb[Request, Iterator[bytes]], request: Request
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Ask for one verb whose answer is a stream of unknown length, and give its pieces.

        A stream that its agent breaks off is raised as a KitError with its next step, and so is a cut.
        """

    def lines(self, verb: Verb[Request, bytes], request: Request) -> Iterator[bytes]:
        """Ask for one verb whose answer is a stream, and yield its lines as they come."""

    def forward(self, address: Address) -> AbstractContextManager[Address]:
        """Give the address here that leads to an address as the host reaches it."""

    def forward_socket(self, path: str) -> AbstractContextManager[str]:
        """Give the path here that leads to a unix socket of the host."""


class AgentFailedError(KitError):
    """A failure of the agent, with its whole document."""

    def __init__(self, document: Failure) -> None:
        error = document["error"]
        super().__init__(error["problem"], error.get("next", ""))
        self.document = document
