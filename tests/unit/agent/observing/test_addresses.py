"""The addresses of a host that belong to its local networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.observing import addresses
from deploy.agent.observing.addresses import ETHERNET, LOOPBACK, Address, Link, sorted_out

NONE = 65534
"""Hardware of a tunnel."""
LO = Link(1, "lo", LOOPBACK, "", 0)
ETH0 = Link(2, "eth0", ETHERNET, "", 0)


def lan(*pairs: tuple[Link, str], ports: tuple[Link, ...] = (), routed: tuple[str, ...] = ("eth0",)) -> list[str]:
    return found(*pairs, ports=ports, routed=routed)["lan"]


def found(
    *pairs: tuple[Link, str],
    ports: tuple[Link, ...] = (),
    routed: tuple[str, ...] = ("eth0",),
    flags: int = 0x80,
    scope: int = 0,
) -> dict[str, list[str]]:
    links = {link.number: link for link in (*(link for link, _ in pairs), *ports)}
    return sorted_out(links, [Address(link.number, text, flags, scope) for link, text in pairs], set(routed))


@pytest.mark.parametrize("text", ["192.168.1.20", "10.0.0.2", "172.31.255.254", "fd00::20", "192.0.2.2"])
def test_a_private_address_of_a_card_is_of_a_local_network(text: str) -> None:
    assert lan((LO, "127.0.0.1"), (ETH0, text)) == [text]


@pytest.mark.parametrize("text", ["8.8.8.8", "172.32.0.1", "100.64.0.1", "2a01:4f8::1", "11.0.0.1"])
def test_a_public_address_is_of_no_local_network_and_one_of_all(text: str) -> None:
    assert found((ETH0, text)) == {"lan": [], "all": [text]}


def test_a_bridge_of_containers_or_machines_is_no_local_network() -> None:
    docker = Link(5, "docker0", ETHERNET, "bridge", 0)
    named = Link(6, "my-own-bridge", ETHERNET, "bridge", 0)
    ports = (Link(7, "veth1", ETHERNET, "veth", 6), Link(8, "vnet0", ETHERNET, "tun", 6))
    told = found((ETH0, "10.0.0.2"), (docker, "172.17.0.1"), (named, "192.168.122.1"), ports=ports)
    assert told == {"lan": ["10.0.0.2"], "all": ["10.0.0.2"]}


def test_a_bridge_with_a_card_in_it_is_a_local_network() -> None:
    bridge = Link(5, "br0", ETHERNET, "bridge", 0)
    card = Link(2, "eth0", ETHERNET, "", 5)
    assert lan((bridge, "192.168.1.20"), ports=(card, Link(7, "veth1", ETHERNET, "veth", 5)), routed=()) == [
        "192.168.1.20"
    ]
    inside = Link(8, "veth2", ETHERNET, "veth", 5)
    assert lan((bridge, "192.168.1.20"), ports=(inside,), routed=("br0",)) == ["192.168.1.20"]


@pytest.mark.parametrize(("hardware", "kind"), [(NONE, "tun"), (NONE, "wireguard"), (512, ""), (ETHERNET, "tun")])
def test_a_tunnel_leads_to_a_network_that_is_not_here(hardware: int, kind: str) -> None:
    tunnel = Link(9, "vpn0", hardware, kind, 0)
    assert found((tunnel, "10.8.0.2")) == {"lan": [], "all": ["10.8.0.2"]}


@pytest.mark.parametrize(("flags", "scope"), [(0x01, 0), (0x20, 0), (0x40, 0), (0x08, 0), (0x80, 253)])
def test_an_address_for_a_moment_or_for_one_wire_is_left_out(flags: int, scope: int) -> None:
    assert found((ETH0, "fd00::20"), flags=flags, scope=scope) == {"lan": [], "all": []}


def test_the_same_addresses_come_in_the_same_order() -> None:
    pairs = [(ETH0, text) for text in ("fd00::2", "10.0.0.10", "10.0.0.9", "10.0.0.9")]
    assert lan(*pairs) == lan(*reversed(pairs)) == ["10.0.0.9", "10.0.0.10", "fd00::2"]


def test_the_kernel_of_this_machine_tells_its_addresses() -> None:
    told = addresses.observe()
    assert "127.0.0.1" in told["all"]
    assert not any(text.startswith(("127.", "fe80:", "172.17.")) for text in told["lan"])
    assert set(told["lan"]) <= set(told["all"])


@pytest.mark.parametrize(
    ("text", "is_on"),
    [
        ("ENABLED=yes\nLOGLEVEL=low\n", True),
        ("# ENABLED=yes\nENABLED=no\n", False),
        ('ENABLED="yes"', True),
        ("", False),
    ],
)
def test_a_firewall_is_on_where_its_settings_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, is_on: bool
) -> None:
    monkeypatch.setattr(addresses, "UFW", tmp_path / "ufw.conf")
    assert not addresses.has_ufw()
    (tmp_path / "ufw.conf").write_text(text)
    assert addresses.has_ufw() is is_on
