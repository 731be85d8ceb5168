"""Secrets by name; only the host knows a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Secret:
    """A secret by name; its value is known to the host alone."""

    name: str
    owner: str
    """Service that checks it; its folder holds the original."""
    prefix: str = ""
    """Prefix of a generated value."""
    shown_as: str = ""
    """Description for a person in `kit secret list`."""
    reference: str = ""
    """Place of its value on the control node, as env:NAME or file:PATH; empty for a generated one."""
    may_be_changed: bool = False
    """True if the application lets a person change it without the kit."""
    purpose: str = ""
    """Purpose and readers of a secret that no person needs."""


@dataclass(frozen=True)
class SecretUse:
    """A secret as one service reads it: the entry point exports it under this variable."""

    secret: Secret
    variable: str
