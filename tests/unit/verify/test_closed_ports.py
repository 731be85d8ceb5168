"""Ports that no other machine reaches: which ones have to be closed, and what a machine beside the host finds."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.containers import ContainerPorts
from deploy.agent.contract.firewall import Redirect
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.verify import closed_ports as module
from deploy.verify.checks import NotAsPlannedError, UnansweredError
from deploy.verify.checks_stack import test_leaves_nothing_open_to_another_machine as leaves_nothing_open
from deploy.verify.closed_ports import closed_ports, open_ways
from deploy.verify.evidence import HostEvidence
from deploy.verify.outsiders import Ends, Outsider
from tests.unit.agent.engines.certificates import own_certificate, served_with
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.played import Played
from tests.unit.refusing import Refusing
from tests.unit.rooms.test_edge import MAIN, SECOND, services_of

BOX, LOCAL = "192.168.1.20", "127.0.0.1"
EDGES = [8100, 8101, 8102]
"""Ports on which the edge listens in its container."""


class Seen(HostEvidence):
    """A host with these ports and listeners."""

    def __init__(self, ports: ContainerPorts, *listeners: tuple[str, int]) -> None:
        services: tuple[Service, ...] = tuple(services_of(MAIN, SECOND).values())
        super().__init__(Refusing(), Deployment("home", services, ()))
        self._parts = ports, [{"address": address, "port": port} for address, port in listeners]
        self.led: list[Redirect] = []

    @property
    def ports(self) -> ContainerPorts:
        return self._parts[0]

    @property
    def listeners(self) -> Any:
        return self._parts[1]

    @property
    def redirects(self) -> list[Redirect]:
        return self.led


def ports(*inner: int, published: tuple[tuple[str, int], ...] = (), foreign: tuple[int, ...] = ()) -> ContainerPorts:
    by_address = {place: [port for address, port in published if address == place] for place, _ in published}
    return {"inner": list(inner), "published": by_address, "foreign": list(foreign)}


def led(address: str, first: int, last: int, *, is_elsewhere: bool = True) -> Redirect:
    return {"address": address, "first": first, "last": last, "is_elsewhere": is_elsewhere}


def test_what_the_containers_have_is_closed_where_it_is_not_published() -> None:
    assert closed_ports(BOX, Seen(ports(2019, 11434))) == [2019, 8100, 8101, 8102]
    assert closed_ports("fd00::20", Seen(ports())) == [8100, 8101, 8102, 11500]


def test_what_another_program_of_the_host_answers_says_nothing_about_the_stack() -> None:
    listeners = (BOX, 8100), ("0.0.0.0", 8101), ("::", 2019), (LOCAL, 8102)
    assert closed_ports(BOX, Seen(ports(2019), *listeners)) == [8102]
    assert closed_ports(BOX, Seen(ports(2019, foreign=(2019, 8100)))) == [8101, 8102]


@pytest.mark.parametrize(
    ("address", "expected"), [(BOX, [8102]), ("0.0.0.0", [8102]), ("::", EDGES), ("192.168.1.99", EDGES)]
)
def test_a_port_that_a_rule_leads_elsewhere_says_nothing_about_the_stack(address: str, expected: list[int]) -> None:
    seen = Seen(ports())
    seen.led = [led(address, 8000, 8101)]
    assert closed_ports(BOX, seen) == expected
    published = Seen(ports(published=((BOX, 8100),)))
    published.led = seen.led
    assert 8100 in closed_ports(BOX, published), "a container of the stack is there nevertheless"


def test_a_port_that_a_rule_leads_to_the_stack_as_well_has_to_be_closed() -> None:
    seen = Seen(ports())
    seen.led = [led("0.0.0.0", 8100, 8102), led(BOX, 8101, 8101, is_elsewhere=False)]
    assert closed_ports(BOX, seen) == [8101]
    seen.led[1]["address"] = LOCAL
    assert closed_ports(BOX, seen) == []


def test_what_a_container_of_the_stack_publishes_beside_the_plan_has_to_be_closed() -> None:
    listeners = ("0.0.0.0", 8100), (BOX, 9999)
    assert closed_ports(BOX, Seen(ports(published=listeners), *listeners)) == [8100, 8101, 8102, 9999]


def test_another_program_at_the_address_may_have_the_port_that_the_stack_publishes_on_the_host_alone() -> None:
    # As a person's own proxy, which passes on to the page behind it.
    assert closed_ports(BOX, Seen(ports(published=((LOCAL, 9999),)), (LOCAL, 9999), (BOX, 9999))) == [8100, 8101, 8102]


@pytest.fixture
def desk(tmp_path: Path) -> Outsider:
    """A machine beside the host: here, this one, which has real ports."""
    return Outsider("desk", Played(tmp_path))


@pytest.fixture
def free() -> list[int]:
    """Ports on which nothing listens."""
    with ExitStack() as made:
        servers = [made.enter_context(socket.create_server((LOCAL, 0))) for _ in range(4)]
        return [server.getsockname()[1] for server in servers]


@pytest.fixture(autouse=True)
def _ports(monkeypatch: pytest.MonkeyPatch, free: list[int]) -> None:
    monkeypatch.setattr(module, "NOBODYS", free[0])
    monkeypatch.setattr(module, "DOCKER", (free[1], free[2]))


def test_closed_ports_are_green_and_an_open_one_is_named(desk: Outsider, free: list[int]) -> None:
    assert open_ways(desk, LOCAL, free) == []
    with socket.create_server((LOCAL, 0)) as opened:
        port = opened.getsockname()[1]
        assert open_ways(desk, LOCAL, [free[3], port]) == [
            f"{LOCAL} port {port} is open to desk, and nothing is published there"
        ]


def test_a_network_that_connects_everybody_to_everything_proves_nothing(
    desk: Outsider, free: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((LOCAL, 0)) as proxy:
        monkeypatch.setattr(module, "NOBODYS", proxy.getsockname()[1])
        with pytest.raises(UnansweredError, match=f"^a network between connects desk to every port of {LOCAL}$"):
            open_ways(desk, LOCAL, [*free, proxy.getsockname()[1]])


@pytest.mark.parametrize("is_private", [False, True])
def test_a_docker_that_answers_the_network_is_red(
    desk: Outsider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_private: bool
) -> None:
    with scripted(
        lambda asked: asked.answer(200, b"OK"), served_with(own_certificate(tmp_path)) if is_private else None
    ) as docker:
        monkeypatch.setattr(module, "DOCKER", (docker.port,))
        assert open_ways(desk, LOCAL, []) == [
            f"Docker answers desk at {LOCAL} port {docker.port}, which makes it root there"
        ]


def refused(asked: Asked) -> None:
    asked.answer(403, b"OK")


@pytest.mark.parametrize("play", [refused, Asked.reset, lambda asked: asked.answer(200, b"a page")])
def test_a_docker_that_answers_nobody_and_another_program_in_its_place_are_green(
    desk: Outsider, monkeypatch: pytest.MonkeyPatch, play: Callable[[Asked], None]
) -> None:
    with scripted(play) as other:
        monkeypatch.setattr(module, "DOCKER", (other.port,))
        assert open_ways(desk, LOCAL, []) == []


def control_node(tmp_path: Path, client: str, port: int) -> Outsider:
    """The machine that kit runs on, with the host's word of the connection by SSH."""
    return Outsider("desk", Played(tmp_path), lambda: Ends(client, LOCAL, port))


def findings(*outsiders: Outsider, inner: int) -> str:
    told: list[str] = []
    try:
        leaves_nothing_open(outsiders, Seen(ports(inner)), told.append)
    except (NotAsPlannedError, UnansweredError) as reason:
        told.append(str(reason))
    return "".join(told)


def test_a_host_without_an_edge_is_asked_by_the_machine_that_ssh_leads_from(
    tmp_path: Path, desk: Outsider, free: list[int]
) -> None:
    with socket.create_server((LOCAL, 0)) as ssh, socket.create_server((LOCAL, 0)) as opened:
        number, port = ssh.getsockname()[1], opened.getsockname()[1]
        asking = control_node(tmp_path, LOCAL, number)
        assert findings(desk, asking, inner=free[3]) == "asked from desk"
        assert findings(asking, inner=port) == f"{LOCAL} port {port} is open to desk, and nothing is published there"
        # A router between gives the connection an address of its own: the address may be another machine's here.
        elsewhere = control_node(tmp_path, "192.168.1.1", number)
        assert findings(elsewhere, desk, inner=port).startswith("asked from no other machine: SSH leads from none")
    assert findings(control_node(tmp_path, LOCAL, number), inner=port).startswith("asked from no other machine")
