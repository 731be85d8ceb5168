"""Listeners are told by two witnesses, and ways out are asked before a check needs them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue
from types import SimpleNamespace
from typing import Any, cast

import pytest
from testinfra.host import Host

from deploy.agent.contract.evidence import Evidence
from deploy.agent.contract.firewall import StaleMask
from deploy.agent.contract.verbs import EVIDENCE, Answer, Request, Verb
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.checks_stack import test_has_only_the_planned_way_out as has_only_the_planned_way_out
from deploy.verify.containers import Containers
from deploy.verify.evidence import HostEvidence
from deploy.verify.inside import connecting
from deploy.verify.network import SECONDS, Network
from tests.unit.played import evidence_of
from tests.unit.refusing import Refusing
from tests.unit.rooms.places import chain

LINE = "iptables -t nat -D POSTROUTING -s 172.20.0.0/16 ! -o br-cccccccccccc -j MASQUERADE"


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine on which something listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def seen_from(host: object) -> frozenset[tuple[str, int]]:
    """Ask both witnesses."""
    return Network(cast("Host", host), Containers(evidence_of(chain(), Path("/nowhere")), None), ()).listeners


def told(*sockets: str) -> object:
    """A host whose own tool tells these sockets."""
    return SimpleNamespace(socket=SimpleNamespace(get_listening_sockets=lambda: list(sockets)))


def test_a_listener_that_one_witness_tells_is_enough(port: int) -> None:
    own = told("tcp://0.0.0.0:1", "tcp://:::2", "tcp://fe80::1%eth0:3", "tcp://::ffff:127.0.0.1:4", "unix:///run/x")
    listeners = seen_from(own)
    assert ("127.0.0.1", port) in listeners
    assert {("0.0.0.0", 1), ("::", 2), ("fe80::1", 3), ("127.0.0.1", 4)} <= listeners


def test_a_host_without_such_a_tool_has_the_agents_word(port: int) -> None:
    class Bare:
        @property
        def socket(self) -> object:
            raise RuntimeError('either "ss" or "netstat" utility is required')

    assert ("127.0.0.1", port) in seen_from(Bare())


class Answering(Containers):
    """Containers of which one reaches the place outside."""

    def __init__(self, deployment: Deployment) -> None:
        super().__init__(HostEvidence(Outside(), deployment), None)
        self.by_service = {service.name: {"Id": f"id-of-{service.name}"} for service in deployment.services}
        self.asked: Queue[str] = Queue()

    def exit_code(self, container: str, argv: list[str]) -> int | None:
        assert argv == connecting("192.0.2.1", 53, SECONDS)
        self.asked.put(container)
        return {"id-of-litellm": 0, "id-of-main": 124}.get(container, 127)


class Outside(Refusing):
    """A host that reaches a place outside."""

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        assert (verb, request["stack"]) == (EVIDENCE, "home")
        masks: list[StaleMask] = [{"source": "172.20.0.0/16", "bridge": "br-cccccccccccc", "line": LINE}]
        parts: Evidence = {"outside": {"address": "192.0.2.1", "port": 53}, "masks": masks}
        return cast("Answer", {"parts": parts, "problems": {}})


def test_containers_are_asked_for_a_way_out_before_anybody_wants_to_know() -> None:
    containers = Answering(Deployment("home", chain().services, ()))
    network = Network(cast("Host", told()), containers, chain().services)
    assert {containers.asked.get(timeout=60) for _ in range(3)} == {"id-of-main", "id-of-litellm", "id-of-open_webui"}
    assert network.ways_out == {"main": False, "litellm": True, "open_webui": None}
    assert containers.asked.empty()


def test_services_that_have_a_way_out_are_not_asked() -> None:
    services = tuple(replace(service, egress="any") for service in chain().services)
    containers = Answering(Deployment("home", services, ()))
    assert Network(cast("Host", told()), containers, services).ways_out == {}
    assert containers.asked.empty()


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("172.20.0.3", f"; a rule of a network that is gone lets it out, remove it as root on the host: `{LINE}`"),
        ("172.21.0.3", ""),
        ("", ""),
    ],
)
def test_a_way_out_names_the_rule_that_lets_its_container_out(address: str, cause: str) -> None:
    deployment = Deployment("home", chain().services, ())
    containers = Answering(deployment)
    for container in containers.by_service.values():
        container |= {"NetworkSettings": {"Networks": {"kit-home_inner": {"IPAddress": address}}}}
    network = Network(cast("Host", told()), containers, deployment.services)
    with pytest.raises(NotAsPlannedError) as red:
        has_only_the_planned_way_out(chain().service("litellm"), Closed(containers), network)
    assert str(red.value) == f"reaches 192.0.2.1:53, which is beyond this host{cause}"


def test_a_host_that_cannot_list_its_rules_has_no_known_cause() -> None:
    network = Network(cast("Host", told()), Containers(evidence_of(chain(), Path("/nowhere")), None), ())
    network.evidence = Listless(Outside(), chain())
    assert network.masks_of(["172.20.0.3"]) == []


class Listless(HostEvidence):
    """The evidence of a host without iptables."""

    @property
    def masks(self) -> list[StaleMask]:
        raise NotAsPlannedError("this host has no iptables; install the package iptables")


class Closed(Containers):
    """The same containers, on networks without a way out."""

    def __init__(self, containers: Containers) -> None:
        self.by_service = containers.by_service

    def networks(self, _service: Service) -> list[dict[str, Any]]:
        return [{"Name": "kit-home_inner", "Internal": True}]
