"""The proof for the checks: rules of the kit's own, or those of a Docker that closes the way itself."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.firewall import keep
from deploy.agent.firewall.closing import closing
from deploy.agent.journal import Journal
from tests.unit.agent.firewall.conftest import Host, network

INNER, PUBLISHED = network("inner", "a", Internal=True), network("published", "b")


def container(name: str, *ports: int) -> dict[str, Any]:
    networks = {"kit-home_inner": {"IPAddress": "172.18.0.2"}, "kit-home_published": {"IPAddress": "172.19.0.2"}}
    published = [{"PublicPort": port} for port in ports]
    return {"Names": [f"/kit-home-{name}-1"], "Ports": published, "NetworkSettings": {"Networks": networks}}


@pytest.fixture
def newer(host: Host) -> Host:
    """A host with a Docker that closes the way itself."""
    host.joined(INNER, PUBLISHED)
    host.docker.version = "28.3.3"
    host.docker.running[:] = [container("main", 11434), container("quiet")]
    return host


def test_an_older_docker_needs_a_rule_for_each_network(host: Host) -> None:
    host.joined(INNER, PUBLISHED)
    assert closing(host.docker, "home", host.root)["open"] == ["kit-home_inner", "kit-home_published"]
    keep.ensure(host.docker, "home", host.root, Journal("", ""))
    told = closing(host.docker, "home", host.root)
    assert told == {"docker": "20.10.24+dfsg1", "is_forwarding": True, "open": [], "at_boot": "placed"}


@pytest.mark.usefixtures("by_programs")
def test_rules_that_nobody_can_see_are_no_proof(host: Host) -> None:
    host.joined(PUBLISHED)
    (host.folder / "bin/iptables").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(AgentError, match="iptables -t mangle"):
        closing(host.docker, "home", host.root)


@pytest.mark.parametrize(
    "rule",
    [
        "-A PREROUTING -d 172.19.0.2/32 ! -i br-bbbbbbbbbbbb -j DROP",
        "-A PREROUTING -d 172.19.0.2/32 ! -i br-bbbbbbbbbbbb -p tcp -m tcp --dport 11434 -j DROP",
    ],
)
def test_a_newer_docker_must_have_placed_its_own_rules(newer: Host, rule: str) -> None:
    newer.write_rules("-A PREROUTING -d 172.19.0.22/32 ! -i br-bbbbbbbbbbbb -j DROP", table="raw")
    assert closing(newer.docker, "home", newer.root)["open"] == ["kit-home-main-1"]
    newer.write_rules(rule, table="raw")
    assert closing(newer.docker, "home", newer.root)["open"] == []


def test_a_docker_with_a_table_of_its_own_is_believed(newer: Host) -> None:
    newer.docker.information["FirewallBackend"] = {"Driver": "nftables"}
    assert closing(newer.docker, "home", newer.root)["open"] == []
    newer.docker.information["FirewallBackend"] = {"Driver": "iptables+firewalld"}
    assert closing(newer.docker, "home", newer.root)["open"] == ["kit-home-main-1"]
