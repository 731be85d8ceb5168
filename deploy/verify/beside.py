"""Another host of the stack, as the checks of a host know it."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.deployment.way import Way


@dataclass(frozen=True)
class Beside:
    """The way to another host, and the names of the secrets that it has: its own, and those that it reads."""

    way: Way
    secrets: tuple[str, ...] = ()
