"""From another box of the network only the published ports answer, also where ufw is on."""

from __future__ import annotations

import json

import pytest

from tests.e2e.lab.host import LabHost
from tests.e2e.lab.pair import ENGINE, Pair

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]
SSH = 22
ASKED = """
import json, socket, sys
found = []
for port in json.loads(sys.argv[2]):
    with socket.socket() as trying:
        trying.settimeout(2)
        if trying.connect_ex((sys.argv[1], port)) == 0:
            found.append(port)
print(json.dumps(found))
"""
DROP = ("DOCKER-USER", "-i", "eth0", "-m", "conntrack", "!", "--ctstate", "DNAT,ESTABLISHED,RELATED", "-j", "DROP")
"""The rule of docs/operations.md."""


def test_only_ssh_and_the_edge_answer_with_and_without_ufw(pair: Pair) -> None:
    ports = listening(pair.box)
    assert {SSH, ENGINE} < set(ports)
    assert opened(pair, pair.box.address, ports) == [SSH, ENGINE]

    pair.box.read("apt-get", "install", "--yes", "--no-install-recommends", "ufw")
    pair.box.read("ufw", "allow", str(SSH))
    pair.box.read("ufw", "--force", "enable")
    try:
        assert opened(pair, pair.box.address, ports) == [SSH, ENGINE]
    finally:
        pair.box.read("ufw", "--force", "disable")


def test_a_rule_closes_the_way_past_the_edge_and_leaves_the_edge_open(pair: Pair) -> None:
    inspected = json.loads(pair.box.read("docker", "inspect", "kit-lab-main-1"))
    address = inspected[0]["NetworkSettings"]["Networks"]["kit-lab_published"]["IPAddress"]
    way = ("ip", "route", "replace", f"{address}/32", "via", pair.box.address)
    pair.desk.read(*way)
    assert opened(pair, address, [ENGINE]) == [ENGINE], "Docker before 28 forwards to a container's own address"
    pair.box.read("iptables", "-I", *DROP)
    try:
        assert opened(pair, address, [ENGINE]) == []
        assert opened(pair, pair.box.address, [ENGINE]) == [ENGINE]
        assert pair.answer()
    finally:
        pair.box.read("iptables", "-D", *DROP)
        pair.desk.read("ip", "route", "del", f"{address}/32")


def listening(host: LabHost) -> list[int]:
    """Return the ports on which anything of a box listens, at whatever address, and those of its containers."""
    own = {int(line.split()[3].rpartition(":")[2]) for line in host.read("ss", "-Hltn").splitlines()}
    ids = host.read("docker", "ps", "--quiet").split()
    inner = [json.loads(host.read("docker", "inspect", one))[0]["NetworkSettings"]["Ports"] for one in ids]
    return sorted(own | {int(port.partition("/")[0]) for ports in inner for port in ports})


def opened(pair: Pair, address: str, ports: list[int]) -> list[int]:
    """Return the ports of an address to which the desk can connect."""
    found: list[int] = json.loads(pair.desk.read("python3", "-c", ASKED, address, json.dumps(ports)))
    return found
