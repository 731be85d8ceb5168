"""The edge's published ports as other machines find them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from deploy.components.edge.artifacts import HEALTH_PATH
from deploy.deployment.port import Port
from deploy.deployment.service import Service
from deploy.verify.checks import UnansweredError
from deploy.verify.containers import Containers
from deploy.verify.outsiders import Outsider, question

if TYPE_CHECKING:
    from deploy.agent.contract.knocking import Knocked

PATIENCE_SECONDS, PAUSE_SECONDS = 10.0, 0.1
"""Docker writes a container's log a moment after the answer, on a busy machine seconds."""
OK = 200
Listener = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """A machine that reaches a port of the edge."""

    outsider: Outsider
    seen: str
    """Address of the machine, as the edge sees it."""
    is_peer: bool

    @property
    def words(self) -> str:
        """The machine in words."""
        return f"{self.outsider.name} ({'the peer ' if self.is_peer else ''}{self.seen})"

    def statuses(self, port: Port, asked: Iterable[tuple[str, str]]) -> list[int]:
        """Return the status for this machine of each path with a key; raise UnansweredError without an answer."""
        answers = self.outsider.knock([question(port.address, port.host_port, path, key) for path, key in asked])
        if silent := [answer["trouble"] for answer in answers if not answer["status"]]:
            raise UnansweredError(f"{self.outsider.name} gets no answer at {port.place}: {silent[0]}")
        return [answer["status"] for answer in answers]


@dataclass
class Outside:
    """The machine that reaches each published port, and why others do not."""

    callers: dict[Port, Caller] = field(default_factory=dict)
    keepers: dict[Port, Caller] = field(default_factory=dict)
    """The machine that asks with the key: one that has it anyway."""
    strange: list[str] = field(default_factory=list)
    """Ports of the host at which another program answers than the edge."""
    missed: dict[Port, list[str]] = field(default_factory=dict)
    """Reasons why a port was not reached."""

    @property
    def unasked(self) -> str:
        """The reasons for the ports that no machine reaches; empty if there is one for each."""
        reasons = (why for port, words in self.missed.items() if port not in self.callers for why in words)
        return "; ".join(dict.fromkeys(reasons))

    def lacks(self, port: Port, *, is_keeper: bool) -> bool:
        """Return True if a machine is missing for a port, or needs no key there."""
        tables = (self.callers, self.keepers) if is_keeper else (self.callers,)
        return any(port not in table or table[port].is_peer for table in tables)

    def add(self, port: Port, caller: Caller, *, is_keeper: bool) -> None:
        """Let a machine ask at a port, unless a better one does."""
        for table in (self.callers, self.keepers) if is_keeper else (self.callers,):
            if port not in table or (table[port].is_peer and not caller.is_peer):
                table[port] = caller


def outside_of(service: Service, outsiders: Sequence[Outsider], containers: Containers) -> Outside:
    """Look for a machine that reaches each port, best one that is no peer; and for one that may have the key.

    The same address may belong to another machine in the network of whoever asks. So an answer is the edge's if the
    log of its container has the question, whose path nobody knows before; no secret is sent until then.
    """
    outside = Outside()
    for outsider in outsiders:
        is_keeper = outsider.may_have(service.facts["key"])
        ports = [port for port in service.ports if outside.lacks(port, is_keeper=is_keeper)]
        try:
            for port, caller in _reached(outsider, ports, service, containers, outside):
                outside.add(port, caller, is_keeper=is_keeper)
        except UnansweredError as reason:
            for port in ports:
                outside.missed.setdefault(port, []).append(str(reason))
    return outside


def _reached(
    outsider: Outsider, ports: Sequence[Port], service: Service, containers: Containers, outside: Outside
) -> Iterator[tuple[Port, Caller]]:
    """Yield the ports that a machine reaches; keep the reason why it does not reach another one."""
    marks = [f"/kit/{secrets.token_hex(8)}" for _ in ports]
    paths = [(port, path) for port, mark in zip(ports, marks, strict=True) for path in (HEALTH_PATH, mark)]
    answers = outsider.knock([question(port.address, port.host_port, path) for port, path in paths]) if paths else []
    logged = _logged(
        [mark for mark, heard in zip(marks, answers[1::2], strict=True) if heard["status"]], service, containers
    )
    listeners = dict(doors(service))
    for port, mark, health in zip(ports, marks, answers[::2], strict=True):
        if mark in logged and health["status"] == OK and health["source"] != port.address:
            yield port, Caller(outsider, health["body"], is_peer(health["body"], listeners[port]))
        elif _is_strange(health, mark in logged) and outsider.is_signed_in(health["source"], port.address):
            outside.strange.append(f"another program than the edge answers {outsider.name} at {port.place}")
        else:
            outside.missed.setdefault(port, []).append(_reason(outsider, port, health, is_edge=mark in logged))


def _is_strange(health: Knocked, is_logged: bool) -> bool:
    """Return True for the answer of another program: a busy edge may log later than anybody waits."""
    return bool(health["status"]) and not is_logged and not (health["status"] == OK and _is_address(health["body"]))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _reason(outsider: Outsider, port: Port, health: Knocked, *, is_edge: bool) -> str:
    if health["source"] == port.address:
        return f"{port.address} is an address of {outsider.name} itself"
    if not health["status"]:
        return f"{outsider.name} gets no answer at {port.place}: {health['trouble']}"
    if is_edge:
        # Its answer names the machine that asks, which may be a peer.
        return f"status of {port.place}{HEALTH_PATH} for {outsider.name} is {health['status']}, not {OK}"
    return f"{port.place} leads {outsider.name} elsewhere, not to this edge, or its log has no word of it yet"


def _logged(marks: Sequence[str], service: Service, containers: Containers) -> set[str]:
    """Return the paths that the edge's log has, after a short wait for them."""
    seen: set[str] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(seen) < len(marks):
        text = containers.logs(service)
        seen = {mark for mark in marks if f'"{mark}"' in text}
        if time.monotonic() > deadline:
            break
        time.sleep(PAUSE_SECONDS)
    return seen


def doors(service: Service) -> Iterator[tuple[Port, Listener]]:
    """Yield each published port with its listener."""
    listeners = {listener["port"]: listener for listener in service.facts["listeners"]}
    return ((port, listeners[port.container_port]) for port in service.ports)


def is_peer(address: str, listener: Listener) -> bool:
    """Return True if a machine with an address needs no key at a listener."""
    return any(ip_address(address) in ip_network(peer) for peer in listener["peers"])
