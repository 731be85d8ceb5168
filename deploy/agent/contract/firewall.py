"""The rules that close the way from other machines to containers' own addresses."""

from __future__ import annotations

from typing import Literal, TypedDict

AtBoot = Literal["placed", "differs", "never"]
"""State of the files that place the rules at each boot; `never` where the host has neither systemd nor cron."""


class Closing(TypedDict):
    """The ways from other machines to containers' own addresses, as the kernel's rules leave them."""

    docker: str
    """Version of Docker."""
    is_forwarding: bool
    """True if Docker forwards such packets, and rules of the kit's own have to drop them."""
    open: list[str]
    """Networks, or containers where Docker closes the way itself, without a rule in the kernel."""
    at_boot: AtBoot


class Redirect(TypedDict):
    """A range of TCP ports of the host that a rule of iptables leads past every listener."""

    address: str
    """The host's address that the rule is about; 0.0.0.0 or :: for all of the family."""
    first: int
    last: int
    is_elsewhere: bool
    """True if every connection of another machine leads past the stack and past the host."""


class StaleMask(TypedDict):
    """A rule that lets the containers of some addresses out, left of a network that is gone."""

    source: str
    """The addresses of that network."""
    bridge: str
    line: str
    """The line that removes the rule."""


class Firewall(TypedDict):
    """The rules of a stack, as far as its Docker needs them."""

    has_networks: bool
    """True if Docker has networks of the stack, and forwards what other machines send to their containers."""
    is_placed: bool
    """True if the host has files of the rules."""
    missing: list[str]
    """Networks without a rule in the kernel."""
    at_boot: AtBoot
    problem: str
    """The reason why no rule can be placed; empty if one can."""
    next: str
