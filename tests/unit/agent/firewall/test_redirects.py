"""Ports that rules lead elsewhere: those of k3s are such, what may lead to the stack or to the host is not."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.agent.firewall.redirects import redirects
from tests.unit.agent.firewall.conftest import Host

BOX, OURS, POD = "192.168.1.20", "172.18.0.5", "10.42.0.9"
CNI = "-A CNI-DN-1f2e3d4c -p tcp -m tcp --dport"
TCP = "-A PREROUTING -p tcp -m tcp"


@pytest.fixture(autouse=True)
def _addresses(host: Host) -> None:
    networks = {
        "kit-home_inner": {"IPAddress": OURS, "GlobalIPv6Address": "fd01::5"},
        "kit-home_none": {"IPAddress": "", "GlobalIPv6Address": ""},
    }
    host.docker.running[:] = [
        {"NetworkSettings": {"Networks": networks}},
        {"NetworkSettings": {"Networks": None}},
    ]


def seen(host: Host) -> Any:
    return redirects(host.docker, "home", {"127.0.0.1", BOX}.__contains__)


def place(address: str, first: int, last: int | None = None, *, is_elsewhere: bool = True) -> dict[str, Any]:
    return {"address": address, "first": first, "last": last or first, "is_elsewhere": is_elsewhere}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # The rules of k3s for a service of type LoadBalancer.
        (f"{CNI} 8080 -j DNAT --to-destination {POD}:80", [place("0.0.0.0", 8080)]),
        (f'{CNI} 8080 -m comment --comment "a \\"b\\" -i" -j DNAT --to-destination {POD}', [place("0.0.0.0", 8080)]),
        (
            f"{TCP} -d {BOX}/32 -m multiport --dports 80,800:810 -j DNAT --to-destination {POD}",
            [place(BOX, 80), place(BOX, 800, 810)],
        ),
        (
            f"{TCP} -m addrtype --dst-type LOCAL --dport 60000: -j DNAT --to-destination {POD}",
            [place("0.0.0.0", 60000, 65535)],
        ),
    ],
)
def test_a_rule_without_a_condition_leads_ports_elsewhere(host: Host, rule: str, expected: list[object]) -> None:
    host.write_rules(rule, table="nat")
    assert seen(host) == expected


def test_each_family_has_rules_of_its_own(host: Host) -> None:
    host.write_rules(f"{CNI} 8080 -j DNAT --to-destination [fd02::9]:80", program="ip6tables", table="nat")
    host.write_rules(f"{CNI} 4000 -j DNAT --to-destination {POD}:80", table="nat")
    assert seen(host) == [place("0.0.0.0", 4000), place("::", 8080)]


@pytest.mark.parametrize(
    "rule",
    [
        f"{TCP} -s 10.8.0.7/32 --dport 8100 -j DNAT --to-destination {POD}",
        f"{TCP} -i wg0 --dport 1:65535 -j DNAT --to-destination {POD}",
        f"{TCP} ! -i wg0 --dport 8100 -j DNAT --to-destination {POD}",
        f"{TCP} -m addrtype ! --dst-type LOCAL --dport 8100 -j DNAT --to-destination {POD}",
        f"{TCP} -m iprange --dst-range 10.0.0.1-10.0.0.9 --dport 8100 -j DNAT --to-destination {POD}",
        f"{TCP} -d 10.0.0.0/8 --dport 8100 -j DNAT --to-destination {POD}",
        f"{TCP} ! -d 10.0.0.1/32 --dport 8100 -j DNAT --to-destination {POD}",
        f"{TCP} -d 10.0.0.1/255.0.255.255 --dport 8100 -j DNAT --to-destination {POD}",
        f"{TCP} ! --dport 22 -j DNAT --to-destination {POD}",
        f"{TCP} --dport http -j DNAT --to-destination {POD}",
        f"-A SOMEBODYS -p tcp -m tcp --dport 8100 -j DNAT --to-destination {POD}",
        f"-A OUTPUT -p tcp -m tcp --dport 8100 -j DNAT --to-destination {POD}",
        "-A OUTPUT -p tcp -m tcp --dport 8100 -j DNAT --to-destination 127.0.0.1:4000",
        f"-A CNI-DN-1f2e3d4c -p udp -m udp --dport 8100 -j DNAT --to-destination {POD}:53",
        f"-A KUBE-SEP-7EX3YM24AF6JH4A3 -p tcp -m tcp -j DNAT --to-destination {POD}:8100",
        "-A KUBE-SERVICES -d 10.43.0.1/32 -p tcp -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y",
        f'{TCP} --dport 8100 -m comment --comment "no -j DNAT --to-destination {POD}" -j ACCEPT',
        f'{TCP} --dport 8100 -m comment --comment "one -j DNAT --to-destination {POD}',
        f"{TCP} --dport 8100 -j DNAT --to-destination {POD} --persistent",
        f"{TCP} -j DNAT --to-destination {POD} --dport ",
    ],
)
def test_a_rule_with_a_condition_or_without_a_port_says_nothing(host: Host, rule: str) -> None:
    host.write_rules(rule, table="nat")
    assert seen(host) == []


@pytest.mark.parametrize(
    ("rule", "address"),
    [
        (f"-A DOCKER -d {BOX}/32 ! -i br-1 -p tcp -m tcp --dport 8100 -j DNAT --to-destination {OURS}:8100", BOX),
        (f"{TCP} -s 10.8.0.7/32 --dport 8100 -j DNAT --to-destination {OURS}:8100", "0.0.0.0"),
        (f"{TCP} -d 192.168.1.0/24 --dport 8100 -j DNAT --to-destination {OURS}:8100", "0.0.0.0"),
        (f"{TCP} --dport 8100 -j DNAT --to-destination [fd01::5]:8100", "0.0.0.0"),
        (f"{TCP} --dport 8100 -j DNAT --to-destination 127.0.0.1:4000", "0.0.0.0"),
        (f"{TCP} --dport 8100 -j DNAT --to-destination {BOX}:4000", "0.0.0.0"),
        (f"{TCP} --dport 8100 -j DNAT --to-destination {POD} --to-destination {OURS}", "0.0.0.0"),
        (f"{TCP} --dport 8100 -j DNAT --to-destination 172.18.0.4-172.18.0.6", "0.0.0.0"),
        (f"{TCP} --dport 8100 -j DNAT --to-destination :4000", "0.0.0.0"),
        (f"{TCP} --dport 8100 -j REDIRECT --to-ports 4000", "0.0.0.0"),
    ],
)
def test_a_rule_that_may_lead_to_the_stack_leads_nowhere_else(host: Host, rule: str, address: str) -> None:
    host.write_rules(rule, table="nat")
    assert seen(host) == [place(address, 8100, is_elsewhere=False)]


def test_rules_that_nobody_can_read_excuse_no_port(
    host: Host,
    by_programs: None,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (host.folder / "bin/iptables").write_bytes(b"\x7fno program")
    assert seen(host) == []
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("deploy.agent.firewall.kernel.PROGRAM_FOLDERS", ())
    assert seen(host) == []


def test_the_program_lists_the_whole_table_with_comments_of_any_bytes(host: Host, by_programs: None) -> None:  # noqa: ARG001
    rule = f'{CNI} 8080 -m comment --comment "f\udcfcr NAS" -j DNAT --to-destination {POD}:80\n'
    (host.folder / "iptables.nat").write_bytes(rule.encode(errors="surrogateescape"))
    assert seen(host) == [place("0.0.0.0", 8080)]
