"""The rules of a stack's networks: placed, kept, put back, removed; nobody else's rules are touched."""

from __future__ import annotations

import os
import subprocess

import pytest

from deploy.agent import scheduler
from deploy.agent.contract.firewall import Firewall
from deploy.agent.errors import AgentError
from deploy.agent.firewall import keep
from deploy.agent.firewall.kernel import path_of
from deploy.agent.journal import Journal
from tests.unit.agent.firewall.conftest import Host, network

INNER, PUBLISHED = network("inner", "a"), network("published", "b")
OTHERS = "-A FORWARD ! -i br-cccccccccccc -m comment --comment kit-home-2 -j DROP"
UNIT = "kit-home_firewall.service"


def ensure(host: Host) -> bool:
    return keep.ensure(host.docker, "home", host.root, Journal("", ""))


def seen(host: Host) -> Firewall:
    return keep.observe(host.docker, "home", host.root, is_forwarding=keep.is_needed(host.docker))


def files(host: Host) -> list[str]:
    places = (host.folder / "UNITS", host.folder / "CRON", host.root / "run")
    return sorted(path.name for place in places if place.is_dir() for path in place.iterdir() if path.is_file())


@pytest.fixture
def placed(host: Host) -> Host:
    """A host that has its rules, beside a rule of another stack."""
    host.joined(INNER, PUBLISHED)
    host.write_rules(OTHERS)
    assert ensure(host)
    return host


def test_each_network_gets_rules_that_let_published_ports_and_answers_in(placed: Host) -> None:
    first, second = (line for line in placed.rules() if "br-bbbbbbbbbbbb" in line)
    assert first == "-A FORWARD ! -i loopback0 -o br-bbbbbbbbbbbb -m conntrack --ctorigdst 127.0.0.0/8" + END
    assert second.startswith("-A FORWARD ! -i br-bbbbbbbbbbbb -o br-bbbbbbbbbbbb -m conntrack ! --ctstate DNAT,")
    assert len([line for line in placed.rules() if "br-aaaaaaaaaaaa" in line]) == 2
    assert OTHERS in placed.rules()
    assert placed.rules("ip6tables") == []


END = " -m comment --comment kit-home -j DROP"


def test_rules_that_are_there_are_left_alone_and_systemd_is_reloaded_once(placed: Host) -> None:
    assert placed.called() == [f"enable --quiet --no-reload {UNIT}", "daemon-reload"]
    assert not ensure(placed)
    placed.joined(INNER, network("published", "d"))
    assert ensure(placed)
    assert placed.called() == []
    assert not [line for line in placed.rules() if "br-bbbbbbbbbbbb" in line], "the rules of a network that is gone"


def test_an_iptables_that_orders_the_words_otherwise_is_understood(placed: Host) -> None:
    bridge = f" -o br-{'b' * 12}"
    lines = [line.replace(bridge, "") + bridge for line in placed.rules() if bridge in line]
    placed.write_rules(*(line.replace("DNAT,ESTABLISHED,RELATED", "RELATED,ESTABLISHED,DNAT") for line in lines))
    assert seen(placed)["missing"] == ["kit-home_inner"]


def test_a_rule_that_is_gone_is_seen_and_put_back(placed: Host) -> None:
    assert seen(placed) == {
        "has_networks": True,
        "is_placed": True,
        "missing": [],
        "at_boot": "placed",
        "problem": "",
        "next": "",
    }
    placed.write_rules(OTHERS, placed.rules()[0])
    assert seen(placed)["missing"] == ["kit-home_inner", "kit-home_published"]
    assert ensure(placed)
    assert seen(placed)["missing"] == []


@pytest.mark.parametrize("name", [UNIT, "firewall.sh", "link"])
def test_a_file_that_is_gone_or_a_unit_that_is_off_is_seen_and_put_back(placed: Host, name: str) -> None:
    paths = {
        UNIT: placed.folder / "UNITS" / UNIT,
        "firewall.sh": placed.root / "run/firewall.sh",
        "link": placed.folder / "UNITS/docker.service.wants" / UNIT,
    }
    paths[name].unlink()
    assert seen(placed)["at_boot"] == "differs"
    assert ensure(placed)
    assert seen(placed)["at_boot"] == "placed"


@pytest.mark.usefixtures("by_programs")
def test_programs_place_list_and_remove_the_rules(host: Host) -> None:
    host.joined(PUBLISHED)
    assert ensure(host)
    assert len(host.rules()) == 2
    assert (ensure(host), seen(host)["missing"]) == (False, [])
    keep.remove("home", host.root)
    assert host.rules() == []


def test_the_script_places_the_rules_once(placed: Host) -> None:
    before = sorted(placed.rules())
    placed.write_rules(OTHERS)
    for _ in range(2):
        subprocess.run(["sh", placed.root / "run/firewall.sh"], check=True)
    assert sorted(placed.rules()) == before


def test_a_host_without_systemd_places_the_rules_by_cron(host: Host) -> None:
    (host.folder / "SYSTEMD").rmdir()
    (host.folder / "bin/cron").symlink_to("iptables")
    host.joined(PUBLISHED)
    assert ensure(host)
    assert files(host) == ["firewall.sh", "kit-home_firewall"]
    assert f"@reboot root /bin/sh {host.root}/run/firewall.sh" in (host.folder / "CRON/kit-home_firewall").read_text()
    assert (seen(host)["at_boot"], host.called()) == ("placed", [])


def test_a_host_without_a_scheduler_has_the_rules_until_its_boot(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    (host.folder / "SYSTEMD").rmdir()
    monkeypatch.setattr(scheduler, "CRONS", ())
    host.joined(PUBLISHED)
    assert ensure(host)
    assert len(host.rules()) == 2
    assert seen(host)["at_boot"] == "never"
    assert not ensure(host)


def test_a_network_with_ipv6_gets_the_rules_of_both(host: Host) -> None:
    host.joined(network("published", "b", EnableIPv6=True))
    ensure(host)
    assert [len(host.rules(program)) for program in ("iptables", "ip6tables")] == [2, 2]
    host.joined(PUBLISHED)
    assert ensure(host)
    assert host.rules("ip6tables") == []


def test_a_docker_that_closes_the_way_itself_gets_none_and_loses_older_ones(placed: Host) -> None:
    placed.docker.version = "28.0.0"
    assert seen(placed)["is_placed"]
    assert ensure(placed)
    assert (placed.rules(), files(placed)) == ([OTHERS], [])
    assert not ensure(placed)
    assert not seen(placed)["is_placed"]


def test_a_removed_stack_leaves_nothing(placed: Host) -> None:
    placed.called()
    assert len(keep.remove("home", placed.root)) == 2
    assert (placed.rules(), files(placed)) == ([OTHERS], [])
    assert placed.called() == [f"disable --now --quiet --no-reload {UNIT}", "daemon-reload"]
    assert keep.remove("home", placed.root) == []


def test_a_docker_whose_bridges_are_on_another_machine_needs_nothing_here(host: Host) -> None:
    host.joined(PUBLISHED)
    (host.folder / "net/br-bbbbbbbbbbbb").rmdir()
    assert not ensure(host)
    assert (seen(host)["has_networks"], seen(host)["missing"], host.rules()) == (True, [], [])


@pytest.mark.usefixtures("by_programs")
def test_a_host_without_iptables_says_so(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.joined(PUBLISHED)
    monkeypatch.setenv("PATH", str(host.folder))
    monkeypatch.setattr("deploy.agent.firewall.kernel.PROGRAM_FOLDERS", ())
    assert (seen(host)["problem"], seen(host)["next"]) == ("this host has no iptables", "install the package iptables")
    with pytest.raises(AgentError, match="no iptables"):
        ensure(host)


@pytest.mark.usefixtures("by_programs")
def test_words_of_a_kernel_that_refuses_are_told(host: Host) -> None:
    host.joined(PUBLISHED)
    program = host.folder / "bin/iptables"
    program.write_text('#!/bin/sh\necho "can\'t initialize iptables table" >&2\nexit 3\n')
    assert seen(host)["problem"] == "iptables -t mangle: can't initialize iptables table"


@pytest.mark.usefixtures("by_programs")
def test_who_is_not_root_sees_files_alone(placed: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    placed.write_rules()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert (seen(placed)["missing"], seen(placed)["problem"], seen(placed)["at_boot"]) == ([], "", "placed")
    with pytest.raises(AgentError, match="only root"):
        ensure(placed)


def test_a_docker_that_is_down_tells_nothing(placed: Host) -> None:
    told = keep.observe(None, "home", placed.root, is_forwarding=False)
    assert (told["has_networks"], told["is_placed"], told["missing"]) == (False, True, [])


def test_programs_are_found_where_docker_has_them(host: Host) -> None:
    assert path_of("iptables") == str(host.folder / "bin/iptables")
