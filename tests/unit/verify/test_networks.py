"""A network is what the release says of it, and opens nothing besides."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.decide.compose import INNER, OUTER, PUBLISHED, networks
from deploy.verify.docker.networks import network_differences

BLOCKS = networks()
KEYS = {"Driver": "bridge", "Internal": False, "Attachable": False, "Ingress": False, "ConfigOnly": False}


def inspected(name: str, **changes: Any) -> dict[str, Any]:
    """Return a network as Docker shows it that was made of the release's block."""
    block = BLOCKS[name]
    network = {**KEYS, "EnableIPv6": False, "Internal": block.get("internal", False)}
    return {**network, "Options": dict(block.get("driver_opts", {})), **changes}


@pytest.mark.parametrize("name", [INNER, PUBLISHED, OUTER])
def test_a_network_that_nobody_touched_is_right(name: str) -> None:
    network = inspected(name)
    assert network_differences(network, BLOCKS[name]) == ()
    # A newer Docker shows more, and an older one shows less.
    newer = {**network["Options"], "com.docker.network.enable_ipv4": "true", "com.docker.network.enable_ipv6": "false"}
    assert network_differences({**network, "EnableIPv4": True, "Options": newer}, BLOCKS[name]) == ()
    assert network_differences({"Driver": "bridge", **network}, BLOCKS[name]) == ()
    mtu = {**network["Options"], "com.docker.network.driver.mtu": "1400"}
    assert network_differences({**network, "Options": mtu}, BLOCKS[name]) == ()


@pytest.mark.parametrize("name", [INNER, PUBLISHED, OUTER])
@pytest.mark.parametrize(
    "change",
    [
        {"Driver": "macvlan"},
        {"Attachable": True},
        {"EnableIPv6": True},
        {"Options": {"com.docker.network.bridge.gateway_mode_ipv4": "nat-unprotected"}},
        {"Options": {"com.docker.network.bridge.gateway_mode_ipv4": "routed"}},
        {"Options": {"com.docker.network.bridge.trusted_host_interfaces": "eth0"}},
        {"Options": {"some.option.of.tomorrow": "1"}},
    ],
)
def test_an_opened_network_is_told(name: str, change: dict[str, Any]) -> None:
    options = {**BLOCKS[name].get("driver_opts", {}), **change.get("Options", {})}
    found = network_differences(inspected(name, **{**change, "Options": options}), BLOCKS[name])
    assert len(found) == 1


def test_a_way_out_that_the_release_closed_is_told() -> None:
    assert network_differences(inspected(INNER, Internal=False), BLOCKS[INNER]) == ("Internal is False, not True",)
    (key,) = BLOCKS[PUBLISHED]["driver_opts"]
    assert network_differences(inspected(PUBLISHED, Options={}), BLOCKS[PUBLISHED]) == (f"{key} is missing",)
    opened = inspected(PUBLISHED, Options={key: "true"})
    assert network_differences(opened, BLOCKS[PUBLISHED]) == (f"{key} is true, not false",)
