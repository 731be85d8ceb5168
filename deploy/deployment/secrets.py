"""Secrets by name; nobody but the host knows a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Secret:
    """A secret by name; its value is known to the host alone."""

    name: str
    owner: str
    """Service that checks it; its folder holds the original."""
    prefix: str = ""
    """What a generated value begins with."""
    shown_as: str = ""
    """What a person is told about it by `kit secret list`."""
    reference: str = ""
    """Where its value is kept on the control node, as env:NAME or file:PATH; empty where it is generated."""
    may_be_changed: bool = False
    """Whether the application lets a person change it without the kit."""
    purpose: str = ""
    """What it is and who reads it, if no person needs it."""


@dataclass(frozen=True)
class SecretUse:
    """A secret as one service reads it: the entry point exports it under this variable."""

    secret: Secret
    variable: str
