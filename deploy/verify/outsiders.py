"""Machines beside the host, from which a check asks it over the network: the control node, and other hosts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from testinfra.host import Host

from deploy.agent.contract.verbs import KNOCK
from deploy.deployment.way import Way
from deploy.errors import KitError
from deploy.hosts.reach import control_node, transport_of
from deploy.hosts.wire.transport import Transport
from deploy.verify.beside import Beside
from deploy.verify.checks import UnansweredError

if TYPE_CHECKING:
    from deploy.agent.contract.knocking import Knocked, KnockRequest, Question

CONTROL_NODE = "the machine that kit runs on"
SIGNED_IN = 'printf %s "$SSH_CONNECTION"'


class Ends(NamedTuple):
    """The two ends of a connection by SSH, as the host sees them."""

    client: str
    address: str
    port: int


class Outsider:
    """A machine that is not the host."""

    def __init__(
        self,
        name: str,
        transport: Transport,
        signed_in: Callable[[], Ends | None] = lambda: None,
        secrets: Collection[str] | None = None,
    ) -> None:
        self.name = name
        self._transport = transport
        self._signed_in = signed_in
        self._secrets = secrets

    def may_have(self, secret: str) -> bool:
        """Return True if a secret may be sent from this machine: it has it anyway, or brings it to its readers."""
        return self._secrets is None or secret in self._secrets

    def knock(self, questions: Sequence[Question]) -> list[Knocked]:
        """Try connections from this machine, all at once; raise UnansweredError if it cannot be asked."""
        request: KnockRequest = {"questions": list(questions)}
        try:
            return self._transport.call(KNOCK, request)["answers"]
        except KitError as error:
            raise UnansweredError(f"{self.name} cannot be asked: {error.problem}") from None

    def is_signed_in(self, source: str, address: str) -> bool:
        """Return True if SSH leads from this address of the machine to that one of the host, with nothing between."""
        ends = self._signed_in()
        return ends is not None and (ends.client, ends.address) == (source, address)

    def own_address(self) -> str | None:
        """Return the host's address to which SSH leads from this machine; None where something lies between."""
        ends = self._signed_in()
        if ends is None:
            return None
        (answer,) = self.knock([question(ends.address, ends.port)])
        return ends.address if answer["source"] == ends.client else None


def outsiders_of(way: Way, others: Sequence[Beside], folder: Path, host: Callable[[], Host]) -> tuple[Outsider, ...]:
    """Return the machines beside the host behind a way: the control node where SSH leads there, then other hosts."""
    return tuple(_outsiders(way, others, folder, host))


def _outsiders(way: Way, others: Sequence[Beside], folder: Path, host: Callable[[], Host]) -> Iterator[Outsider]:
    if way.kind == "ssh":

        def signed_in() -> Ends | None:
            words = host().run(SIGNED_IN).stdout.split()
            return Ends(words[0], words[2], int(words[3])) if len(words) == 4 and not way.jump else None

        yield Outsider(CONTROL_NODE, control_node(folder), signed_in)
    for other in others:
        # The control node has come already where SSH leads to the host.
        if other.way != way and other.way.kind == "ssh":
            yield Outsider(other.way.name, transport_of(other.way), secrets=other.secrets)


def question(address: str, port: int, path: str = "", key: str = "", *, tls: bool = False) -> Question:
    """Return a question to ask from another machine; without a path, the connection alone."""
    return {"address": address, "port": port, "path": path, "key": key, "tls": tls}
