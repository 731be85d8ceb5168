"""A rule that lets a network out is an old one only if its bridge is gone."""

from __future__ import annotations

from tests.e2e.old_rules import old_rules

TOLD = """-P POSTROUTING ACCEPT
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.21.0.0/16 ! -o br-c9ab49ebd2d9 -j MASQUERADE
-A POSTROUTING -s 172.23.0.0/16 ! -o br-3705f028c619 -j MASQUERADE
-A POSTROUTING -s 172.23.0.2/32 -d 172.23.0.2/32 -p tcp -m tcp --dport 11434 -j MASQUERADE
"""


def test_the_rule_of_a_bridge_that_is_gone_is_the_only_old_one() -> None:
    there = {"docker0", "br-c9ab49ebd2d9"}
    assert list(old_rules(TOLD, there)) == ["POSTROUTING -s 172.23.0.0/16 ! -o br-3705f028c619 -j MASQUERADE"]
