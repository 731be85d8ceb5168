"""A stack's networks against what its release says of them: what is not said there opens nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.agent.docker.defaults import opening_options

FIXED = {"Driver": "bridge", "Internal": False, "Attachable": False, "Ingress": False, "ConfigOnly": False}


def network_differences(network: dict[str, Any], block: dict[str, Any] | None) -> tuple[str, ...]:
    """Return in words each key of an inspected network that is not as the release or Docker's defaults have it."""
    return tuple(_differences(network, block or {}))


def _differences(network: dict[str, Any], block: dict[str, Any]) -> Iterator[str]:
    wanted = {**FIXED, "EnableIPv6": False, "Internal": bool(block.get("internal"))}
    for key, right in wanted.items():
        found = network.get(key, right)
        if found != right:
            yield f"{key} is {found}, not {right}"
    given = {name: str(value) for name, value in (block.get("driver_opts") or {}).items()}
    found_options = network.get("Options") or {}
    for name in sorted(given.keys() - found_options.keys()):
        yield f"{name} is missing"
    for name, value in sorted(given.items()):
        if found_options.get(name, value) != value:
            yield f"{name} is {found_options[name]}, not {value}"
    for name in opening_options({name: value for name, value in found_options.items() if name not in given}):
        yield f"{name} is {found_options[name]}, which the release does not say"
