"""The parts of an Observation about addresses, and about containers from outside that reach into the stack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.agent.contract.containers import Attached as AttachedAnswer
    from deploy.agent.contract.containers import Attaching
    from deploy.agent.contract.firewall import AtBoot
    from deploy.agent.contract.firewall import Firewall as FirewallAnswer
    from deploy.agent.contract.probe import ProbeAnswer

WORDS: dict[Attaching, str] = {
    "joins": "is on the stack's network {}",
    "shares_network": "shares the network of {}",
    "shares_processes": "shares the processes of {}",
    "shares_memory": "shares the memory of {}",
    "takes_volumes": "has the folders of {}",
    "mounts": "mounts {}",
}


@dataclass(frozen=True)
class Attached:
    """A way in which a container from outside reaches into a stack."""

    container: str
    way: Attaching
    into: str
    """The stack's network, container or file."""

    @property
    def words(self) -> str:
        """Name the container and its way in."""
        return f"container {self.container}, which is not the stack's, {WORDS[self.way].format(self.into)}"

    @property
    def cure(self) -> str:
        """The next step: a container can be disconnected from a network, but not from other things."""
        if self.way == "joins":
            return f"`docker network disconnect --force {self.into} {self.container}` ends it"
        return f"remove {self.container}, or create it anew without that"


@dataclass(frozen=True)
class Firewall:
    """Rules against packets of other machines to containers' own addresses; Docker may need none."""

    has_networks: bool = False
    """True if Docker has networks of the stack, and forwards such packets."""
    is_placed: bool = False
    """True if the host has files of the rules."""
    missing: tuple[str, ...] = ()
    """Networks without a rule in the kernel."""
    at_boot: AtBoot = "placed"
    """State of the files that place them at each boot; `never` where the host has neither systemd nor cron."""
    problem: str = ""
    """The reason why no rule can be placed; empty if one can."""
    next: str = ""


@dataclass(frozen=True)
class Network:
    """The host's own addresses, its firewall, and the strangers on the stack's networks."""

    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Addresses by the word of `publish` that means them."""
    strange: tuple[str, ...] = ()
    """Addresses to publish services on that the host does not have."""
    has_ufw: bool = False
    """True if the firewall ufw is on."""
    late: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Kernel settings for addresses that come late: `written` for each boot, `live` now, `settable` at all."""
    attached: tuple[Attached, ...] = ()
    """Containers from outside on the stack's networks or files."""
    firewall: Firewall = Firewall()


def read_attached(answer: list[AttachedAnswer]) -> tuple[Attached, ...]:
    """Read the agent's answer."""
    return tuple(Attached(way["container"], way["way"], way["into"]) for way in answer)


def read_network(answer: ProbeAnswer) -> Network:
    """Read the probe's answer about addresses, the firewall and strangers."""
    addresses = {word: tuple(addresses) for word, addresses in answer["addresses"].items()}
    late = {state: tuple(names) for state, names in answer["late"].items()}
    attached = read_attached(answer["attached"])
    strange, firewall = tuple(answer["strange_addresses"]), _firewall(answer["firewall"])
    return Network(addresses, strange, answer["ufw"], late, attached, firewall)


def _firewall(seen: FirewallAnswer) -> Firewall:
    return Firewall(
        has_networks=seen["has_networks"],
        is_placed=seen["is_placed"],
        missing=tuple(seen["missing"]),
        at_boot=seen["at_boot"],
        problem=seen["problem"],
        next=seen["next"],
    )
