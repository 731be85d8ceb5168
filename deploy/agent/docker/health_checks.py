"""A container's health check as Docker shows it: plain values, for the agent and the control node."""

from __future__ import annotations

from typing import Any

STARTING = "starting"


def check_argv(check: dict[str, Any]) -> list[str]:
    """Return the command of an inspected health check; empty if the check is disabled."""
    kind, *words = check.get("Test") or ["NONE"]
    if kind == "CMD-SHELL":
        return ["/bin/sh", "-c", *words]
    return words if kind == "CMD" else []
