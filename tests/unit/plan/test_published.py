"""Words of a plan about addresses: missing ones, new ones, open ones, and a firewall that does not hold."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy.agent.nonlocal_binding import SETTINGS
from deploy.decide.resolve import resolve
from deploy.deployment.host import Deployment
from deploy.hosts.observation.network import Attached, Network
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker, OperatingSystem
from deploy.plan.preflight import advice as all_advice
from deploy.plan.preflight import doubts
from deploy.plan.published import address_refusals, late_operations, published_advice
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import ADDRESSES, lock_of

UPGRADE = "`kit lock --upgrade lan`"
HOST = Observation(
    Docker(), OperatingSystem("debian", "12", "bookworm"), systemd=True, root=True, network=Network(ADDRESSES)
)


def deployment(publish: object, **addresses: tuple[str, ...]) -> Deployment:
    webui = {"kind": "open_webui", "publish": publish}
    data: dict[str, Any] = {"kit": 1, "stack": "home", "backup": None, "gateway": None, "webui": webui}
    spec = Spec.model_validate_json(json.dumps(data))
    lock = lock_of(spec)
    return resolve(spec, lock.model_copy(update={"addresses": lock.addresses | addresses}))[HERE]


def test_a_stranger_on_the_stacks_networks_is_told_whatever_else_the_plan_says() -> None:
    seen = replace(HOST, network=Network(ADDRESSES, attached=(Attached("proxy", "joins", "kit-home_inner"),)))
    told = (
        "container proxy, which is not the stack's, is on the stack's network kit-home_inner; "
        "`docker network disconnect --force kit-home_inner proxy` ends it"
    )
    assert told in doubts(deployment("local"), seen)
    assert told in all_advice(deployment("local"), seen)


def advice(publish: object, **seen: Any) -> list[str]:
    return list(published_advice(deployment(publish), replace(HOST, network=replace(HOST.network, **seen))))


@pytest.mark.parametrize("publish", ["local", "192.168.1.20", ["local", "192.168.1.20"], "::1"])
def test_the_one_address_that_a_person_wrote_needs_no_word(publish: object) -> None:
    assert advice(publish) == []


@pytest.mark.parametrize("publish", ["lan", ["192.168.1.20", "fd00::20"], ["local", "lan"]])
def test_several_addresses_are_told_each(publish: object) -> None:
    assert advice(publish) == ["open_webui is open to the networks of 192.168.1.20:3000, [fd00::20]:3000"]


def test_the_only_address_of_a_local_network_is_told_for_kit_yaml_does_not_show_it() -> None:
    (told,) = published_advice(deployment("lan", lan=("192.168.1.20",)), replace(HOST, network=Network({})))
    assert told == "open_webui is open to the network of 192.168.1.20:3000"


def test_everybody_is_told_to_be_let_in() -> None:
    (told,) = advice("all")
    assert told == "open_webui is open to everybody who reaches this machine: 192.168.1.20:3000, [fd00::20]:3000"


def test_a_host_that_has_other_addresses_now_is_told_with_the_line_to_type() -> None:
    moved = {"lan": ("192.168.1.77", "fd00::20"), "all": ()}
    told = [line for line in advice("lan", addresses=moved) if "kit.lock" in line]
    (line,) = told
    assert line == (
        "kit.lock has other addresses of this machine: 192.168.1.77 is new, 192.168.1.20 is gone; "
        "`kit lock --upgrade lan` takes them"
    )
    assert line in doubts(deployment("lan"), replace(HOST, network=Network(moved)))
    assert [line for line in advice("192.168.1.20", addresses=moved) if "kit.lock" in line] == []
    assert [line for line in advice("lan", addresses={}) if "kit.lock" in line] == []


def test_a_firewall_that_docker_goes_past_is_told_for_open_ports_alone() -> None:
    (told,) = advice("192.168.1.20", has_ufw=True)
    assert told.startswith("ufw is on, and Docker publishes ports past its rules: open_webui on 192.168.1.20:3000 is")
    assert "DOCKER-USER" in told
    assert advice("local", has_ufw=True) == []
    assert advice("fd00::20", has_ufw=True) == []


@pytest.mark.parametrize(
    ("publish", "addresses", "next_step"),
    [
        (
            "lan",
            {"lan": ("192.168.1.77",)},
            f"{UPGRADE} takes the addresses that `publish: lan` means now",
        ),
        ("lan", {}, "write one that `ip address` shows as its `publish:` in kit.yaml"),
        ("192.168.1.20", {"lan": ("192.168.1.77",)}, "write one that `ip address` shows as its `publish:` in kit.yaml"),
    ],
)
def test_an_address_that_is_gone_is_refused_with_what_helps(
    publish: str, addresses: dict[str, tuple[str, ...]], next_step: str
) -> None:
    seen = replace(HOST, network=Network(addresses, ("192.168.1.20",)))
    (refusal,) = address_refusals(deployment(publish), seen)
    assert refusal == (
        "open_webui is to be published on 192.168.1.20, which this machine does not have",
        next_step,
    )


FOUR, SIX = SETTINGS
UNSET: dict[str, tuple[str, ...]] = {"written": (), "live": (), "settable": SETTINGS}
DONE: dict[str, tuple[str, ...]] = {"written": SETTINGS, "live": SETTINGS, "settable": SETTINGS}


def settings(publish: object, late: dict[str, tuple[str, ...]]) -> list[tuple[str, str, str]]:
    seen = replace(HOST, network=replace(HOST.network, late=late))
    return [(one.action, one.resource, one.cause) for one in late_operations(deployment(publish), seen)]


def test_an_address_that_may_come_late_lets_the_kernel_wait_for_it() -> None:
    assert settings("lan", UNSET) == [
        ("set", f"kernel setting {FOUR}", "192.168.1.20 may come after Docker at a boot"),
        ("set", f"kernel setting {SIX}", "fd00::20 may come after Docker at a boot"),
    ]
    assert settings("lan", DONE) == []
    assert settings("lan", {**DONE, "live": (FOUR,)}) == [
        ("set", f"kernel setting {SIX}", "fd00::20 may come after Docker at a boot")
    ]
    assert settings(["local", "::1"], UNSET) == []


def test_a_setting_that_no_address_needs_any_more_goes() -> None:
    cause = "no published address needs it"
    assert settings("192.168.1.20", DONE) == [("remove", f"kernel setting {SIX}", cause)]
    assert settings("local", {**DONE, "settable": ()}) == [
        ("remove", f"kernel setting {name}", cause) for name in SETTINGS
    ]


def test_a_machine_whose_kernel_cannot_be_set_is_told_what_a_boot_costs() -> None:
    closed = {**UNSET, "settable": ()}
    assert settings("192.168.1.20", closed) == []
    (told,) = advice("192.168.1.20", late=closed)
    assert told == (
        f"192.168.1.20 must be there before Docker at each boot: {FOUR} cannot be set on this machine,"
        " and `kit start` starts what waited in vain"
    )
