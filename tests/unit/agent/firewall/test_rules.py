"""Rules beside the lines that iptables 1.8.9 prints of them, in both its variants."""

from __future__ import annotations

import pytest

from deploy.agent.firewall.rules import bridge_of, is_of, is_same, rules_of
from tests.unit.agent.firewall.conftest import network

START, END = "-A FORWARD ! -i ", " -m comment --comment kit-home -j DROP"
ANSWERS = f"{START}br-bbbbbbbbbbbb -o br-bbbbbbbbbbbb -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT{END}"
LOOPBACK = f"{START}loopback0 -o br-bbbbbbbbbbbb -m conntrack --ctorigdst {{}}{END}"


def test_a_printed_line_is_the_rule_that_it_came_from() -> None:
    rules = rules_of("home", [network("published", "b", EnableIPv6=True)])
    printed = [ANSWERS, LOOPBACK.format("127.0.0.0/8"), ANSWERS, LOOPBACK.format("::1")]
    assert [rule.program for rule in rules] == ["iptables", "iptables", "ip6tables", "ip6tables"]
    assert all(is_same(line, rule) for line, rule in zip(printed, rules, strict=True))
    assert not is_same(printed[0], rules[1])


@pytest.mark.parametrize(
    "line",
    [
        "-P FORWARD ACCEPT",
        ANSWERS.replace("kit-home", "kit-home-2"),
        ANSWERS.replace("kit-home", '"kit-home by hand"'),
        "-A FORWARD -o kit-home -j DROP",
    ],
)
def test_a_line_of_somebody_else_is_not_the_stacks(line: str) -> None:
    assert is_of(ANSWERS, "home")
    assert not is_of(line, "home")


def test_a_bridge_with_a_name_of_its_own_is_taken() -> None:
    named = network("published", "b", Options={"com.docker.network.bridge.name": "lan0"})
    assert [bridge_of(named), bridge_of(network("inner", "a", Options=None))] == ["lan0", "br-aaaaaaaaaaaa"]
