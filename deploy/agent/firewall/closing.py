"""The proof that other machines reach no container of a stack past its published addresses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.docker.api import Docker
from deploy.agent.docker.daemon import daemon_settings
from deploy.agent.docker.direct import forwards
from deploy.agent.errors import AgentError
from deploy.agent.firewall.keep import observe
from deploy.agent.firewall.kernel import raw_rules

if TYPE_CHECKING:
    from deploy.agent.contract.firewall import Closing

BY_IPTABLES = "iptables"


def closing(docker: Docker, stack: str, root: Path) -> Closing:
    """Describe the rules that close the way: the kit's own, or those of a Docker that closes it itself."""
    information = docker.info()
    is_forwarding = forwards(information, daemon_settings())
    told: Closing = {
        "docker": information["ServerVersion"],
        "is_forwarding": is_forwarding,
        "open": [],
        "at_boot": "placed",
    }
    if is_forwarding:
        seen = observe(docker, stack, root, is_forwarding=is_forwarding)
        if seen["problem"]:
            raise AgentError(seen["problem"], seen["next"])
        return {**told, "open": seen["missing"], "at_boot": seen["at_boot"]}
    if _filters_by_iptables(information):
        rules = raw_rules()
        told["open"] = [name for name, address in _published(docker, stack) if not _is_closed(address, rules)]
    return told


def _filters_by_iptables(information: dict[str, Any]) -> bool:
    """Return False for a Docker whose rules iptables does not show; it has them in a table of its own."""
    backend = information.get("FirewallBackend") or {}
    return str(backend.get("Driver", BY_IPTABLES)).startswith(BY_IPTABLES)


def _published(docker: Docker, stack: str) -> list[tuple[str, str]]:
    """Return the containers with published ports, each with its addresses that Docker has to close the way to.

    Nothing outside is ever forwarded to an internal network.
    """
    listed = docker.containers({"kit.stack": stack})
    closed = {network["Name"] for network in docker.networks() if network["Internal"]}
    return [
        (container["Names"][0].lstrip("/"), network["IPAddress"])
        for container in listed
        if any(port.get("PublicPort") for port in container["Ports"])
        for name, network in container["NetworkSettings"]["Networks"].items()
        if network["IPAddress"] and name not in closed
    ]


def _is_closed(address: str, rules: list[list[str]]) -> bool:
    return any({"-d", f"{address}/32", "-i", "DROP"} <= set(rule) for rule in rules)
