"""A stack's networks against its release: an option that the release does not state must open nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.agent.docker.defaults import opening_options

FIXED = {"Driver": "bridge", "Internal": False, "Attachable": False, "Ingress": False, "ConfigOnly": False}


def network_differences(network: dict[str, object], block: dict[str, object] | None) -> tuple[str, ...]:
    """Return in words each key of an inspected network that is not as the release or Docker's defaults have it."""
    return tuple(_differences(network, block or {}))


def _differences(network: dict[str, Any], block: dict[str, Any]) -> Iterator[str]:
    wanted = {**FIXED, "EnableIPv6": False, "Internal": bool(block.get("internal"))}
    for key, right in wanted.items():
        actual = network.get(key, right)
        if actual != right:
            yield f"{key} is {actual}, not {right}"
    given = {name: str(value) for name, value in (block.get("driver_opts") or {}).items()}
    options = network.get("Options") or {}
    for name in sorted(given.keys() - options.keys()):
        yield f"{name} is missing"
    for name, value in sorted(given.items()):
        if options.get(name, value) != value:
            yield f"{name} is {options[name]}, not {value}"
    for name in opening_options({name: value for name, value in options.items() if name not in given}):
        yield f"{name} is {options[name]}, which the release does not say"
