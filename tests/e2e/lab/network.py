"""A network of lab hosts alone, in which each keeps its address, also after a cut."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

CHOICES = ipaddress.IPv4Network("10.98.0.0/16")


@dataclass(frozen=True)
class LabNetwork:
    """A network of Docker's with addresses of our choice."""

    name: str
    subnet: ipaddress.IPv4Network

    @property
    def gateway(self) -> str:
        """Address of this machine in it."""
        return str(self.subnet[1])

    def words(self, number: int) -> tuple[str, ...]:
        """Return the words of `docker run` for the host with a number."""
        return "--network", self.name, "--ip", str(self.subnet[number])


@contextlib.contextmanager
def lab_network() -> Iterator[LabNetwork]:
    """Make one, and take it away afterwards."""
    network = LabNetwork(f"kit-lab-{os.getpid()}", free_subnet(_routed()))
    subprocess.run(
        ["docker", "network", "create", "--subnet", str(network.subnet), network.name], check=True, capture_output=True
    )
    try:
        yield network
    finally:
        subprocess.run(["docker", "network", "rm", network.name], capture_output=True, check=False)


def free_subnet(routed: list[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    """Return one to which no route of this machine leads.

    Docker creates a network also where a bridge of an engine before has its addresses, and its hosts are not reached.
    """
    subnets = list(CHOICES.subnets(new_prefix=24))
    # Several runs may be up: each begins elsewhere.
    first = os.getpid() % len(subnets)
    for subnet in subnets[first:] + subnets[:first]:
        if not any(subnet.overlaps(each) for each in routed):
            return subnet
    raise RuntimeError(f"routes of this machine lead to all of {CHOICES}")


def _routed() -> list[ipaddress.IPv4Network]:
    told = subprocess.run(["ip", "-json", "-4", "route"], check=True, capture_output=True).stdout
    return [ipaddress.IPv4Network(route["dst"]) for route in json.loads(told) if route["dst"] != "default"]
