"""Containers of a stack, by the labels that the release gives them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.contract.trials import is_trial

if TYPE_CHECKING:
    from deploy.agent.contract.containers import Described


UP = ("running", "restarting", "paused")
"""States of a container that Docker runs, or starts again by itself."""


def is_up(container: dict[str, Any] | None) -> bool:
    """True if a listed container writes to its folders, or will without being asked."""
    return container is not None and container["State"] in UP


def of_stack(everything: list[dict[str, Any]], stack: str) -> dict[str, dict[str, Any]]:
    """Return one container per service; if an interrupted recreation left two, the running or newer one.

    A trial that a killed run left is no service: nothing starts it, stops it or waits for its health.
    """
    return {name: container for name, container in with_trials(everything, stack).items() if not is_trial(name)}


def with_trials(everything: list[dict[str, Any]], stack: str) -> dict[str, dict[str, Any]]:
    """Return one container per service, and those of trials."""
    by_service: dict[str, dict[str, Any]] = {}
    for container in sorted(everything, key=lambda listed: (listed["State"] == "running", listed["Created"])):
        labels = container["Labels"] or {}
        if labels.get("kit.stack") == stack and "kit.service" in labels:
            by_service[labels["kit.service"]] = container
    return dict(sorted(by_service.items()))


def described(container: dict[str, Any]) -> Described:
    """Return the facts that the kit needs of an inspected container."""
    state = container["State"]
    return {
        "id": container["Id"],
        "image": container["Config"]["Image"],
        "image_id": container["Image"],
        "state": state["Status"],
        "health": (state.get("Health") or {}).get("Status"),
        "exit_code": state["ExitCode"],
        "error": state.get("Error") or "",
        "restarts": container["RestartCount"],
        "labels": container["Config"]["Labels"] or {},
        "started_at": state["StartedAt"],
        "ports": _published(container["NetworkSettings"].get("Ports") or {}),
    }


def lost_networks(container: dict[str, Any], there: set[str] | None) -> list[str]:
    """Return the missing networks of an inspected container, which cannot start without them."""
    joined = (container["NetworkSettings"].get("Networks") or {}).items()
    return sorted(name for name, network in joined if there is not None and network["NetworkID"] not in {"", *there})


def replaced_folders(container: dict[str, Any]) -> list[str]:
    """Return folders that a running container writes to, but that their path no longer leads to.

    A folder that was removed and remade, replaced by a link, or mounted over since the start is no longer visible.
    """
    pid = container["State"].get("Pid") or 0
    if not pid or not _is_its_process(pid, container["Id"]):
        return []
    mounts = [mount for mount in container.get("Mounts") or [] if mount["Type"] == "bind" and mount["RW"]]
    return sorted(
        mount["Source"] for mount in mounts if _is_another(mount["Source"], f"/proc/{pid}/root{mount['Destination']}")
    )


def _is_its_process(pid: int, container: str) -> bool:
    """True if a process is the container's: a Docker elsewhere has process ids of its own."""
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False


def _is_another(source: str, inside: str) -> bool:
    try:
        held = Path(inside).stat()
    except OSError:
        # Only root sees what a container holds.
        return False
    try:
        now = Path(source).stat()
    except OSError:
        return True
    return (held.st_dev, held.st_ino) != (now.st_dev, now.st_ino)


def _published(ports: dict[str, Any]) -> list[str]:
    return sorted({f"{binding['HostIp']}:{binding['HostPort']}" for bound in ports.values() for binding in bound or []})


def all_of_stack(everything: list[dict[str, Any]], stack: str) -> list[dict[str, Any]]:
    """Return every container of a stack, including those that an interrupted recreation left."""
    return [
        container
        for container in everything
        if (container["Labels"] or {}).get("kit.stack") == stack and "kit.service" in container["Labels"]
    ]
