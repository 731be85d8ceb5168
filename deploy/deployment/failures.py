"""The call of a host when something fails, decided."""

from __future__ import annotations

from dataclasses import dataclass

JOB = "watch"


@dataclass(frozen=True)
class FailureCall:
    """An address or a program that is told of failures."""

    url: str | None
    command: str | None
    body: str
    ca: str | None
    """File on the host with the certificate authorities to trust."""
