"""The edge as another machine finds it: known by its own log before a key is sent, and red where it needs no key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.components.edge import outside as module
from deploy.components.edge import verify
from deploy.components.edge.artifacts import HEALTH_PATH
from deploy.components.edge.outside import Caller, Outside, outside_of
from deploy.deployment.host import Deployment
from deploy.deployment.port import Port
from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError, UnansweredError
from deploy.verify.containers import Containers
from deploy.verify.outsiders import Ends, Outsider
from deploy.verify.secrets import HostSecrets
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.played import Played, evidence_of
from tests.unit.refusing import Refusing
from tests.unit.rooms.test_edge import MAIN, services_of

KEY = "a-key-of-this-edge"
ASKED, HAS_KEY = "asks for the key", "answers who has it"
STRANGER, PEER = "192.168.1.5", "192.168.1.30"


@dataclass
class Edge:
    """Behaviour of an edge, and its log; by default the right one."""

    lets_in: bool = False
    """True if it takes a question without a key."""
    takes_any_key: bool = False
    engine: int = 200
    sees: list[str] = field(default_factory=lambda: [STRANGER])
    """Address that it sees of each machine that asks; the last one stays."""
    is_logging: bool = True
    log: list[str] = field(default_factory=list)
    log_seconds: float = 0
    """Time that its log takes to come."""
    looks: int = 0
    health: int = 200
    """Status of its health page; 0 for a connection that breaks off."""
    sent: set[str] = field(default_factory=set)
    """Every header that could hold a key."""

    def play(self, asked: Asked) -> None:
        if asked.path == HEALTH_PATH and not self.health:
            return asked.reset()
        if asked.path == HEALTH_PATH:
            return asked.answer(self.health, (self.sees.pop(0) if len(self.sees) > 1 else self.sees[0]).encode())
        if self.is_logging:
            self.log.append(f'{{"request":{{"uri":"{asked.path}"}}}}')
        sent = asked.headers.get("authorization", "")
        self.sent.add(sent)
        is_known = sent == f"Bearer {KEY}" or (self.takes_any_key and bool(sent))
        return asked.answer(self.engine if is_known or self.lets_in else 401)

    def logs(self, _service: Service) -> str:
        self.looks += 1
        time.sleep(self.log_seconds)
        return "\n".join(self.log)


class Keys(HostSecrets):
    """The host's secrets, of which there is one."""

    def value(self, name: str) -> str:
        assert name == "edge_api_key"
        return KEY


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)


@pytest.fixture
def desk(tmp_path: Path) -> Outsider:
    """A machine beside the host: this one, which has another address than the edge."""
    return Outsider("desk", Played(tmp_path))


@contextmanager
def published(edge: Edge, peers: tuple[str, ...] = (), address: str = "127.0.0.2") -> Iterator[Service]:
    with scripted(edge.play, address=address) as server:
        yield at(Port(address, server.port, server.port), peers)


def at(port: Port, peers: tuple[str, ...] = ()) -> Service:
    service = services_of(MAIN)["edge"]
    listener = {"port": port.container_port, "engine": "main", "peers": list(peers)}
    return replace(service, ports=(port,), facts=service.facts | {"listeners": [listener]})


def look(edge: Edge, service: Service, *outsiders: Outsider) -> Outside:
    return outside_of(service, outsiders, cast("Containers", edge))


def findings(outside: Outside, service: Service) -> dict[str, str]:
    """Run the checks that ask the edge; return the words of those that are red or skipped, and the figures."""
    found: dict[str, str] = {}
    keys, told = Keys(evidence_of(Deployment("home", (service,), ()))), list[str]()
    checks: dict[str, Callable[[], None]] = {
        ASKED: lambda: verify.test_asks_another_machine_for_the_key(outside, told.append),
        HAS_KEY: lambda: verify.test_answers_another_machine_that_has_the_key(service, outside, keys, told.append),
    }
    for name, check in checks.items():
        try:
            check()
        except NotAsPlannedError as problem:
            found[name] = f"red: {problem}"
        except (UnansweredError, pytest.skip.Exception) as reason:
            found[name] = f"skipped: {reason}"
    return {name: words.replace(service.ports[0].place, "PLACE") for name, words in found.items()} | {
        "told": "".join(dict.fromkeys(told))
    }


def seen(edge: Edge, *outsiders: Outsider, peers: tuple[str, ...] = ()) -> dict[str, str]:
    with published(edge, peers) as service:
        return findings(look(edge, service, *outsiders), service)


def test_an_edge_that_keeps_its_word_is_green_and_the_machine_that_asked_is_told(desk: Outsider) -> None:
    assert seen(Edge(), desk) == {"told": f"asked from desk ({STRANGER})"}


def test_an_edge_that_wants_no_key_of_another_machine_is_red(desk: Outsider) -> None:
    assert seen(Edge(lets_in=True), desk)[ASKED] == (
        f"red: status of PLACE/ for desk ({STRANGER}) without a key is 200, not 401"
    )


def test_an_edge_that_takes_any_key_of_another_machine_is_red(desk: Outsider) -> None:
    assert seen(Edge(takes_any_key=True), desk)[ASKED] == (
        f"red: status of PLACE/ for desk ({STRANGER}) with a wrong key is 200, not 401"
    )


def test_an_engine_that_does_not_answer_another_machine_behind_it_is_red(desk: Outsider) -> None:
    found = seen(Edge(engine=502), desk)
    assert found[HAS_KEY] == f"red: status of PLACE/v1/models for desk ({STRANGER}) with the key is 502, not 200"
    assert ASKED not in found


def test_a_peer_is_let_in_and_proves_nothing_about_the_key(desk: Outsider) -> None:
    peer = f"desk (the peer {PEER})"
    assert seen(Edge(lets_in=True, sees=[PEER]), desk, peers=("192.168.1.0/28", PEER)) == {
        ASKED: f"skipped: {peer} needs no key, and no other machine was there to ask",
        "told": f"asked from {peer}",
    }
    assert seen(Edge(sees=[PEER]), desk, peers=(PEER,))[ASKED] == (
        f"red: status of PLACE/v1/models for {peer} without a key is 401, not 200"
    )


def test_a_machine_that_is_no_peer_asks_in_place_of_a_peer(desk: Outsider, tmp_path: Path) -> None:
    attic = Outsider("attic", Played(tmp_path))
    assert seen(Edge(sees=[PEER, STRANGER]), desk, attic, peers=(PEER,)) == {"told": f"asked from attic ({STRANGER})"}
    # The first one has answered for everybody.
    assert seen(Edge(sees=[STRANGER, PEER]), desk, attic, peers=(PEER,)) == {"told": f"asked from desk ({STRANGER})"}


def test_another_machine_with_the_same_address_gets_no_key_and_is_not_red(desk: Outsider) -> None:
    edge = Edge(is_logging=False, lets_in=True)
    elsewhere = "PLACE leads desk elsewhere, not to this edge, or its log has no word of it yet"
    skipped = f"skipped: asked from no other machine: {elsewhere}"
    assert seen(edge, desk) == {ASKED: skipped, HAS_KEY: skipped, "told": ""}
    assert edge.sent == {""}


def test_a_log_that_comes_slowly_is_not_read_again_and_again(desk: Outsider) -> None:
    # A machine that asks over a thin line may meet a stranger at the address.
    edge = Edge(is_logging=False, log_seconds=0.3)
    assert "leads desk elsewhere" in seen(edge, desk)[ASKED]
    assert edge.looks == 1


def test_another_program_at_the_address_to_which_ssh_leads_is_red(tmp_path: Path) -> None:
    edge = Edge(is_logging=False, health=404)
    control_node = Outsider("desk", Played(tmp_path), lambda: Ends("127.0.0.1", "127.0.0.2", 22))
    assert seen(edge, control_node)[ASKED] == "red: another program than the edge answers desk at PLACE"
    assert edge.sent == {""}


def test_an_edge_whose_log_comes_too_late_is_not_taken_for_another_program(tmp_path: Path) -> None:
    edge = Edge(is_logging=False)
    control_node = Outsider("desk", Played(tmp_path), lambda: Ends("127.0.0.1", "127.0.0.2", 22))
    assert "its log has no word of it yet" in seen(edge, control_node)[ASKED]
    assert edge.sent == {""}


def test_an_address_that_is_not_reached_is_no_fault_of_the_host(desk: Outsider) -> None:
    with published(Edge()) as service:
        pass
    reason = "desk gets no answer at PLACE: connection refused"
    assert findings(look(Edge(), service, desk), service)[ASKED] == f"skipped: asked from no other machine: {reason}"


def test_an_address_of_the_machine_that_asks_is_not_asked_from_another_machine(desk: Outsider) -> None:
    edge = Edge()
    with published(edge, address="127.0.0.1") as service:
        found = findings(look(edge, service, desk), service)
    assert found[ASKED] == "skipped: asked from no other machine: 127.0.0.1 is an address of desk itself"


@pytest.mark.parametrize(
    ("edge", "reason"),
    [
        (Edge(health=0), "desk gets no answer at PLACE: "),
        (Edge(health=502), "status of PLACE/kit/health for desk is 502, not 200"),
    ],
)
def test_an_edge_that_does_not_tell_who_asks_is_not_asked_and_is_not_red(
    desk: Outsider, edge: Edge, reason: str
) -> None:
    # The machine may be the peer that the edge lets in.
    found = seen(edge, desk, peers=(PEER,))
    assert found[ASKED].startswith(f"skipped: asked from no other machine: {reason}")
    assert edge.sent == {""}


class Off(Refusing):
    """A machine that is off."""

    def call(self, *_: object) -> Any:
        raise UnansweredError("attic cannot be asked: attic does not answer on port 22")


def test_a_machine_that_is_off_leaves_the_question_to_the_next_one(desk: Outsider) -> None:
    attic = Outsider("attic", Off())
    assert seen(Edge(), attic, desk) == {"told": f"asked from desk ({STRANGER})"}
    assert seen(Edge(), attic)[ASKED] == (
        "skipped: asked from no other machine: attic cannot be asked: attic does not answer on port 22"
    )


def test_a_port_that_nobody_reaches_is_told_beside_one_that_is_asked(desk: Outsider) -> None:
    edge = Edge()
    with published(edge) as service, published(Edge()) as other:
        pass
    with published(edge) as service:
        (gone,) = other.ports
        listeners = [*service.facts["listeners"], *other.facts["listeners"]]
        both = replace(service, ports=(*service.ports, gone), facts=service.facts | {"listeners": listeners})
        told = findings(look(edge, both, desk), both)
    assert told == {"told": f"asked from desk ({STRANGER}); desk gets no answer at {gone.place}: connection refused"}


def test_an_edge_that_falls_silent_is_not_taken_for_one_that_refuses(desk: Outsider) -> None:
    edge = Edge()
    with published(edge) as service:
        outside = look(edge, service, desk)
    assert findings(outside, service)[ASKED] == "skipped: desk gets no answer at PLACE: connection refused"


def test_no_key_crosses_the_internet() -> None:
    port = Port("8.8.8.8", 11434, 8100)
    caller = Caller(Outsider("desk", Refusing()), STRANGER, is_peer=False)
    outside = Outside({port: caller}, {port: caller})
    keys = Keys(evidence_of(Deployment("home", (at(port),), ())))
    with pytest.raises(pytest.skip.Exception, match=r"^not asked: the key would cross the internet"):
        verify.test_answers_another_machine_that_has_the_key(at(port), outside, keys, lambda _: None)
