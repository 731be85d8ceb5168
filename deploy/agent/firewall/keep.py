"""Operation `firewall`: keeps the rules of a stack's networks, or removes them where Docker needs none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.docker.api import Docker
from deploy.agent.docker.daemon import daemon_settings
from deploy.agent.docker.direct import forwards
from deploy.agent.errors import AgentError
from deploy.agent.firewall.boot import Boot
from deploy.agent.firewall.kernel import missing, set_rules
from deploy.agent.firewall.rules import Rule, bridge_of, rules_of
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import project_of

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Changed, StackRequest
    from deploy.agent.contract.firewall import Firewall

INTERFACES = Path("/sys/class/net")


def run(request: StackRequest, journal: Journal) -> Changed:
    """Let the host have exactly the rules that the stack's networks need."""
    with journal.step("firewall"):
        return {"changed": ensure(Docker(), request["stack"], Path(request["root"]), journal)}


def is_needed(docker: Docker) -> bool:
    """Return True if Docker forwards what other machines send to a container's own address."""
    return forwards(docker.info(), daemon_settings())


def ensure(docker: Docker, stack: str, root: Path, journal: Journal) -> bool:
    """Place and remove what differs, in the kernel and for each boot; return True if anything did."""
    rules = _rules(stack, _networks(docker, stack)) if is_needed(docker) else []
    boot = Boot(stack, root)
    if not rules:
        return bool(remove(stack, root))
    changed = set_rules(stack, rules, boot.programs)
    if changed:
        journal.say("closing the way from other machines to containers' own addresses")
    return boot.place(rules) or changed


def remove(stack: str, root: Path) -> list[str]:
    """Remove the stack's rules and files; return the paths of the files."""
    boot = Boot(stack, root)
    if not boot.is_placed:
        return []
    set_rules(stack, [], boot.programs)
    return boot.remove()


def observe(docker: Docker | None, stack: str, root: Path, *, is_forwarding: bool) -> Firewall:
    """Describe the rules; the kernel's are unknown to everybody but root, and then count as there."""
    boot = Boot(stack, root)
    networks = _networks(docker, stack) if docker and is_forwarding else []
    rules = _rules(stack, networks)
    seen: Firewall = {
        "has_networks": bool(networks),
        "is_placed": boot.is_placed,
        "missing": [],
        "at_boot": "placed",
        "problem": "",
        "next": "",
    }
    try:
        if is_forwarding and docker and os.geteuid() == 0:
            seen["missing"] = list(dict.fromkeys(rule.network for rule in missing(stack, rules)))
        if rules:
            seen["at_boot"] = boot.state(rules)
    except AgentError as error:
        seen["problem"], seen["next"] = error.problem, error.next_step
    return seen


def _networks(docker: Docker, stack: str) -> list[dict[str, Any]]:
    return docker.networks({"com.docker.compose.project": project_of(stack)})


def _rules(stack: str, networks: list[dict[str, Any]]) -> list[Rule]:
    # A Docker of another machine, as Docker Desktop's, has its bridges there.
    here = [network for network in networks if (INTERFACES / bridge_of(network)).exists()]
    return rules_of(stack, sorted(here, key=lambda network: str(network["Name"])))
