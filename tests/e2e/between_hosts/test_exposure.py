"""From another box of the network only the published ports answer, also where ufw is on, and past no published port."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.lab.host import LabHost
from tests.e2e.lab.neighbour import address_of, answers_for_loopback, opened, routed
from tests.e2e.lab.pair import ENGINE, NOTHING, Pair
from tests.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]
SSH = 22
MAIN, NETWORK = "kit-lab-main-1", "kit-lab_published"
RULES = "firewall rules"
CHAIN = ("-t", "mangle", "-F", "FORWARD")


@pytest.fixture
def inner(pair: Pair) -> Iterator[str]:
    """The own address of the engine's container, to which the desk has a route."""
    pair.apply()
    address = address_of(pair.box, MAIN, NETWORK)
    with routed(pair.desk, address, pair.box):
        yield address


def ways_in(pair: Pair, inner: str) -> list[bool]:
    """Return whether the engine answers the desk at its own address, for 127.0.0.1 of the box, and at the edge."""
    return [
        opened(pair.desk, inner, [ENGINE]) == [ENGINE],
        answers_for_loopback(pair.desk, pair.box, ENGINE),
        opened(pair.desk, pair.box.address, [ENGINE]) == [ENGINE],
    ]


CLOSED, OPEN = [False, False, True], [True, True, True]


def test_only_ssh_and_the_edge_answer_with_and_without_ufw(pair: Pair, inner: str) -> None:
    ports = listening(pair.box)
    assert {SSH, ENGINE} < set(ports)
    assert opened(pair.desk, pair.box.address, ports) == [SSH, ENGINE]

    pair.box.read("apt-get", "install", "--yes", "--no-install-recommends", "ufw")
    pair.box.read("ufw", "allow", str(SSH))
    pair.box.read("ufw", "--force", "enable")
    try:
        assert opened(pair.desk, pair.box.address, ports) == [SSH, ENGINE]
        pair.box.read("ufw", "reload")
        assert ways_in(pair, inner) == CLOSED
    finally:
        pair.box.read("ufw", "--force", "disable")
    assert ways_in(pair, inner) == CLOSED


def test_no_other_machine_reaches_a_container_past_the_edge(pair: Pair, inner: str) -> None:
    assert ways_in(pair, inner) == CLOSED
    pair.box.read("iptables", *CHAIN)
    assert ways_in(pair, inner) == OPEN, "Docker before 28 forwards to a container's own address"
    verified = pair.person.kit("verify", "--host", "box", "--json", code=1)
    assert [check["name"] for check in verified.document["hosts"]["box"]["checks"] if check["outcome"] == "failed"] == [
        "no other machine reaches a container past its published addresses"
    ]
    drift = pair.apply()
    assert list(drift["box"]) == [RULES]
    assert f"nothing drops those to kit-lab_inner, {NETWORK}" in drift["box"][RULES]
    assert ways_in(pair, inner) == CLOSED
    assert pair.answer()

    pair.box.read("iptables", *CHAIN)
    pair.box.read("systemctl", "daemon-reload")
    pair.box.read("systemctl", "restart", "docker")

    def seen() -> list[bool]:
        return ways_in(pair, inner)

    wait_until(lambda: seen() == CLOSED, "a start of Docker places the rules", saw=seen)
    assert pair.apply() == NOTHING


def listening(host: LabHost) -> list[int]:
    """Return the ports on which anything of a box listens, at whatever address, and those of its containers."""
    own = {int(line.split()[3].rpartition(":")[2]) for line in host.read("ss", "-Hltn").splitlines()}
    ids = host.read("docker", "ps", "--quiet").split()
    inner = [json.loads(host.read("docker", "inspect", one))[0]["NetworkSettings"]["Ports"] for one in ids]
    return sorted(own | {int(port.partition("/")[0]) for ports in inner for port in ports})
