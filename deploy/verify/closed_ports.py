"""Ports of the stack's containers and of Docker that no other machine reaches at an address of the host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING

from deploy.deployment.host import Deployment
from deploy.verify.checks import UnansweredError
from deploy.verify.evidence import HostEvidence
from deploy.verify.outsiders import Outsider, question

if TYPE_CHECKING:
    from deploy.agent.contract.knocking import Knocked, Question

ANY = ("0.0.0.0", "::")
IPV6 = 6
NOBODYS = 1
"""A port on which nothing listens: the control of every closed port."""
DOCKER, PING, PONG = (2375, 2376), "/_ping", (200, "OK")


def closed_ports(address: str, evidence: HostEvidence) -> list[int]:
    """Return the ports that have to be closed at an address: those of the stack's containers, except the published.

    A port that another program of the host, another container or another program's rule of iptables has there says
    nothing about the stack.
    """
    ports, deployment = evidence.ports, evidence.deployment
    planned = [port for service in deployment.services for port in service.ports]
    published = {number for numbers in ports["published"].values() for number in numbers}
    own = {*ports["inner"], *published, *_numbers(deployment)}
    open_here = {port.host_port for port in planned if port.address == address}
    listeners = {place["port"] for place in evidence.listeners if place["address"] in (address, *ANY)}
    elsewhere, inside = (set(_redirected(evidence, address, own, is_elsewhere=led)) for led in (True, False))
    published_here = {number for place in (address, *ANY) for number in ports["published"].get(place, ())}
    return sorted(own - open_here - set(ports["foreign"]) - ((listeners | elsewhere - inside) - published_here))


def open_ways(outsider: Outsider, address: str, ports: Iterable[int]) -> list[str]:
    """Return in words what answers another machine at ports that have to be closed."""
    numbers = [NOBODYS, *ports]
    questions = [question(address, number) for number in numbers]
    asked = list(_to_docker(address))
    control, *answers = outsider.knock([*questions, *asked])
    if control["source"]:
        raise UnansweredError(f"a network between connects {outsider.name} to every port of {address}")
    opened = [number for number, answer in zip(numbers[1:], answers, strict=False) if answer["source"]]
    plain = [f"{address} port {number} is open to {outsider.name}, and nothing is published there" for number in opened]
    return [*plain, *_of_docker(asked, answers[len(numbers) - 1 :], outsider)]


def _redirected(evidence: HostEvidence, address: str, numbers: Iterable[int], *, is_elsewhere: bool) -> Iterator[int]:
    """Yield those of some ports at an address of the host that rules lead elsewhere, or to the stack or the host."""
    places = (address, ANY[ip_address(address).version == IPV6])
    for redirect in evidence.redirects:
        if redirect["address"] in places and redirect["is_elsewhere"] == is_elsewhere:
            yield from (number for number in numbers if redirect["first"] <= number <= redirect["last"])


def _numbers(deployment: Deployment) -> Iterator[int]:
    for service in deployment.services:
        for port in service.ports:
            yield from (port.host_port, port.container_port)


def _to_docker(address: str) -> Iterator[Question]:
    for number in DOCKER:
        yield question(address, number, PING)
        yield question(address, number, PING, tls=True)


def _of_docker(asked: Iterable[Question], answers: Iterable[Knocked], outsider: Outsider) -> Iterator[str]:
    for each, answer in zip(asked, answers, strict=True):
        if (answer["status"], answer["body"]) == PONG:
            yield f"Docker answers {outsider.name} at {each['address']} port {each['port']}, which makes it root there"
