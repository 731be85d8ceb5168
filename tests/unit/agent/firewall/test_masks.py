"""Rules of networks that are gone: Docker's own ones of a live network, and a person's, are no such rules."""

from __future__ import annotations

import pytest

from deploy.agent.firewall import masks
from deploy.agent.firewall.masks import stale_masks
from tests.unit.agent.firewall.conftest import Host, network

PUBLISHED = network("published", "b")
LIVE = "-A POSTROUTING -s 172.19.0.0/16 ! -o br-bbbbbbbbbbbb -j MASQUERADE"
GONE = "-A POSTROUTING -s 172.20.0.0/16 ! -o br-cccccccccccc -j MASQUERADE"


@pytest.fixture(autouse=True)
def _interfaces(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, "INTERFACES", host.folder / "net")
    host.joined(PUBLISHED)


def test_a_rule_of_a_bridge_that_is_gone_is_told_with_the_line_that_removes_it(host: Host) -> None:
    host.write_rules(LIVE, GONE, table="nat")
    line = "iptables -t nat -D POSTROUTING -s 172.20.0.0/16 ! -o br-cccccccccccc -j MASQUERADE"
    assert stale_masks() == [{"source": "172.20.0.0/16", "bridge": "br-cccccccccccc", "line": line}]


@pytest.mark.parametrize(
    "rule",
    [
        LIVE,
        "-A POSTROUTING -s 172.20.0.0/16 -j MASQUERADE",
        "-A POSTROUTING -o wg0 -j MASQUERADE",
        "-A POSTROUTING -s 10.8.0.0/24 -o eth7 -j MASQUERADE",
        "-A POSTROUTING -s 172.20.0.2/32 -d 172.20.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
        "-A POSTROUTING -s 172.20.0.0/16 ! -o br-cccccccccccc -j RETURN",
    ],
)
def test_a_rule_that_docker_or_a_person_needs_is_none(host: Host, rule: str) -> None:
    host.write_rules(rule, table="nat")
    assert stale_masks() == []
