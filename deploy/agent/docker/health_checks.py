"""A container's health check as Docker shows it: plain values, for the agent and the control node."""

from __future__ import annotations

import re
from typing import Any

ASKED = re.compile(r"(?:127\.0\.0\.1|localhost)[:/](\d{1,5})\b")
STARTING = "starting"


def check_argv(check: dict[str, Any]) -> list[str]:
    """Return the command of an inspected health check; empty if the check is disabled."""
    kind, *words = check.get("Test") or ["NONE"]
    if kind == "CMD-SHELL":
        return ["/bin/sh", "-c", *words]
    return words if kind == "CMD" else []


def asked_port(argv: list[str]) -> int | None:
    """Return the port that a health check asks inside its own container, if its command names one."""
    match = ASKED.search(" ".join(argv))
    return int(match[1]) if match else None
