"""Other listeners on a port: a container by name, a process by name, an engine by version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.observing.addresses import is_own
from deploy.agent.protocols.doors.ports import USUAL, engine_at
from deploy.agent.sockets import listening

if TYPE_CHECKING:
    from deploy.agent.contract.containers import Listener
    from deploy.agent.contract.probe import Port


def observe(asked: list[Port], containers: list[dict[str, Any]], stack: str) -> list[Listener]:
    """Return every listener outside this stack on a requested port, and on the usual port of an engine."""
    wanted = {int(port["port"]) for port in asked} | set(USUAL)
    published = _published(containers)
    sockets = {place: inode for place, inode in listening().items() if place[1] in wanted}
    unknown = {inode for place, inode in sockets.items() if place not in published}
    processes = _processes(unknown) if unknown else {}
    listeners: list[Listener] = []
    for address, port in sorted({place for place in published if place[1] in wanted} | set(sockets)):
        container = published.get((address, port))
        if container is not None and (container["Labels"] or {}).get("kit.stack") == stack:
            continue
        pid, process = processes.get(sockets.get((address, port), ""), (None, None))
        listeners.append(
            {
                "address": address,
                "port": port,
                "process": process,
                "pid": pid,
                "container": container["Names"][0].lstrip("/") if container else None,
                "stack": (container["Labels"] or {}).get("kit.stack") if container else None,
                "engine": engine_at(address, port),
            }
        )
    return listeners


def strange_addresses(asked: list[Port]) -> list[str]:
    """Return the requested addresses that this host lacks: nothing can listen on them."""
    return [address for address in sorted({port["address"] for port in asked}) if not is_own(address)]


def _published(containers: list[dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the ports that Docker publishes; without its userland proxy no process listens there."""
    return {
        (binding["IP"], binding["PublicPort"]): container
        for container in containers
        if container["State"] in ("running", "paused")
        for binding in container["Ports"] or []
        if binding.get("PublicPort") and binding.get("IP") and binding["Type"] == "tcp"
    }


def _processes(inodes: set[str]) -> dict[str, tuple[int, str]]:
    sought = {f"socket:[{inode}]": inode for inode in inodes}
    processes: dict[str, tuple[int, str]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            links = {str(descriptor.readlink()) for descriptor in (process / "fd").iterdir()}
        except OSError:
            continue
        for link in sought.keys() & links:
            processes.setdefault(sought[link], (int(process.name), _name(process)))
        if len(processes) == len(inodes):
            break
    return processes


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a process"
