"""Docker's answer to packets that another machine sends to a container's own address. Pure."""

from __future__ import annotations

from typing import Any

from deploy.agent.docker.versions import is_older

CLOSING = "28"
"""First release of Docker that drops such packets by itself, in the table `raw`."""
NO_RAW = "DOCKER_INSECURE_NO_IPTABLES_RAW"
"""Variable of dockerd that takes its rules in the table `raw` away; `docker info` warns of it."""


def forwards(information: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Return True if Docker forwards such packets; `information` is its answer to `GET /info`."""
    if is_older(information["ServerVersion"], CLOSING):
        return True
    if any(NO_RAW in str(warning) for warning in information.get("Warnings") or []):
        return True
    return settings.get("allow-direct-routing") is True or settings.get("iptables") is False
