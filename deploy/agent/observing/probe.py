"""One answer with every fact of a host that a plan needs; changes nothing, works before anything exists."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deploy.agent import late
from deploy.agent.contract import FORMAT
from deploy.agent.data import indexes, places
from deploy.agent.data.left import left_behind
from deploy.agent.data.owners import released_owners
from deploy.agent.data.versions import data_versions
from deploy.agent.docker import installed
from deploy.agent.docker.api import DEFAULT_ROOT, Docker
from deploy.agent.docker.attached import attached
from deploy.agent.docker.checks import health_now
from deploy.agent.docker.containers import described, lost_networks, replaced_folders, with_trials
from deploy.agent.docker.daemon import daemon_json
from deploy.agent.docker.defaults import HostDefaults, injected_proxies, outdated_defaults
from deploy.agent.docker.ends import troubles
from deploy.agent.errors import AgentError
from deploy.agent.firewall import keep as firewall
from deploy.agent.holder import current_holder
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import KIT, UV
from deploy.agent.observing import addresses, hardware, ports
from deploy.agent.observing.unfinished import unfinished_run
from deploy.agent.releases import units, way_back
from deploy.agent.remembered import read_json, stamp
from deploy.agent.rooms import call_room
from deploy.agent.stack import backup_memory as backups
from deploy.agent.stack import release
from deploy.agent.stack.configurations import changed_configuration, is_remembered
from deploy.agent.stack.fingerprints import changed_secrets, was_recreated
from deploy.agent.stack.secrets import found_secrets, names_path, replaced

if TYPE_CHECKING:
    from deploy.agent.contract.containers import Container
    from deploy.agent.contract.probe import (
        Folder,
        Images,
        ProbeAnswer,
        ProbeRequest,
        Reach,
        Releases,
        SecretFile,
        SeenModelFile,
        Settings,
        UserData,
    )
    from deploy.agent.contract.rooms import AskedRoom

PLACES = ("/srv", "/opt")


def run(request: ProbeRequest, journal: Journal) -> ProbeAnswer:
    """Answer the request, and describe what the host runs of the stack."""
    root = Path(request["root"])
    host, defaults = installed.observe(root)
    docker = Docker() if host["server"] else None
    everything = docker.containers() if docker else []
    services = _services(root, docker, everything, request["stack"], defaults)
    disks = [host["root"] or DEFAULT_ROOT, *PLACES, *request.get("data_roots", [])]
    holder = current_holder(root)
    return {
        "format": FORMAT,
        **_releases(root),
        "services": services,
        "secrets": _secrets(root),
        "replaced_secrets": replaced(root, request.get("given", [])),
        "fingerprint_changed": {name: changed_secrets(root, name, service) for name, service in services.items()},
        "folders": {path: _folder(Path(path)) for path in request.get("folders", [])},
        "docker": host,
        "daemon_json": daemon_json()[0],
        **_images(root, docker, request),
        "ports": ports.observe(request.get("ports", []), everything, request["stack"]),
        "attached": attached(docker, everything, request["stack"], root, inspect=False) if docker else [],
        "strange_addresses": ports.strange_addresses(request.get("ports", [])),
        **_reach(docker, request["stack"], root, is_forwarding=host.get("forwards", False)),
        "units": units.observe(request["stack"]),
        "disk": {path: hardware.disk(Path(path)) for path in dict.fromkeys(disks)},
        **hardware.observe(),
        "devices": {nodes: hardware.devices(nodes) for nodes in request.get("devices", [])},
        "root": os.geteuid() == 0,
        "models": _models(root, request.get("model_paths", [])),
        "hold": {"holder": holder} if holder else None,
        "stopped": (read_json(root / "run" / "stopped.json") or {}).get("services", []),
        **_user_data(root, request),
        "settings": {name: _settings(name, room, root, journal) for name, room in request.get("rooms", {}).items()},
        "engines": _engines(request, root),
        "interrupted": unfinished_run(root, holder),
        "backups": backups.observe(root),
        "indexes": indexes.observe(root),
    }


def _reach(docker: Docker | None, stack: str, root: Path, *, is_forwarding: bool) -> Reach:
    return {
        "addresses": addresses.observe(),
        "ufw": addresses.has_ufw(),
        "late": late.observe(stack),
        "firewall": firewall.observe(docker, stack, root, is_forwarding=is_forwarding),
    }


def _releases(root: Path) -> Releases:
    return {**release.observe(root), **way_back.observe(root)}


def _services(
    root: Path, docker: Docker | None, everything: list[dict[str, Any]], stack: str, defaults: HostDefaults | None
) -> dict[str, Container]:
    if docker is None or defaults is None:
        return {}
    inspected = {name: docker.container(container["Id"]) for name, container in with_trials(everything, stack).items()}
    containers = {name: container for name, container in inspected.items() if container is not None}
    # Asked for only where it can be: a network that a running container is on cannot be removed.
    asleep = any(container["State"]["Status"] != "running" for container in containers.values())
    there = {network["Id"] for network in docker.networks()} if asleep else None
    trouble = troubles(docker, root, stack, containers)
    return {
        name: {
            **described(container),
            "health": health_now(docker, container),
            **trouble.get(name, {}),
            "lost_networks": lost_networks(container, there),
            "replaced_folders": replaced_folders(container),
            "recreated": was_recreated(root, name, container["Id"]),
            "changed": changed_configuration(root, container),
            "defaults": outdated_defaults(container, defaults),
            "proxies": [] if is_remembered(root, container) else injected_proxies(container),
        }
        for name, container in containers.items()
    }


def _user_data(root: Path, request: ProbeRequest) -> UserData:
    """Describe user data: its places, owners and application releases, and the data of removed services."""
    kept = request.get("kept")
    return {
        "data_versions": data_versions(root),
        "places": places.observe(root, request.get("places", {}), request.get("origin", "")),
        "owners": released_owners(root),
        "left": left_behind(root, kept["data_root"], kept["folders"], kept["holders"]) if kept else [],
    }


def _secrets(root: Path) -> dict[str, SecretFile]:
    if os.access(root / "secrets", os.R_OK | os.X_OK) or not (root / "run").is_dir():
        return found_secrets(root)
    return dict((read_json(names_path(root)) or {}).get("files", {}))


def _records(root: Path, request: ProbeRequest) -> list[Path]:
    """Return the folders that describe images: the stack's own, the shared cache, the other stacks'."""
    cache = [Path(folder) for folder in [request.get("cache")] if folder]
    return [root / "run", *cache, *sorted(root.parent.glob("*/run"))]


def _images(root: Path, docker: Docker | None, request: ProbeRequest) -> Images:
    there = installed.images(docker, *_records(root, request)) if docker else {}
    has_uv = os.access(root.parent / UV.relative_to(KIT), os.X_OK)
    if not request.get("cache") or there.keys() >= set(request.get("built_images", [])):
        return {"images": there, "cached_layers": [], "has_uv": has_uv}
    # Nothing is assembled by most probes, and what is not imported costs them no time.
    from deploy.agent.inputs.cache import Cache

    return {"images": there, "cached_layers": sorted(Cache(request["cache"]).usable()), "has_uv": has_uv}


def _folder(path: Path) -> Folder:
    try:
        status = path.stat()
    except OSError:
        return {"exists": False, "uid": 0, "gid": 0, "mode": "", "empty": True}
    try:
        empty = next(path.iterdir(), None) is None
    except OSError:
        empty = False
    return {
        "exists": True,
        "uid": status.st_uid,
        "gid": status.st_gid,
        "mode": mode_text(status.st_mode),
        "empty": empty,
    }


def mode_text(mode: int) -> str:
    """Format a mode as in the spec and the manifest."""
    return f"{mode & 0o7777:04o}"


def _models(root: Path, paths: list[str]) -> dict[str, SeenModelFile]:
    remembered = read_json(root / "run" / "models.json") or {}
    models: dict[str, SeenModelFile] = {}
    for path in paths:
        try:
            status = Path(path).stat()
        except OSError:
            continue
        known = remembered.get(path)
        models[path] = {
            "size": status.st_size,
            "sha256": _sha256(known, status),
            # An older kit remembered no ctime: the file is hashed once more, and its container stays.
            "remembered": known is not None and stamp(status).keys() <= known.keys(),
        }
    return models


def _sha256(known: Any, status: os.stat_result) -> str | None:
    """Return the recorded sha256 if the file is unchanged since it was hashed."""
    if not isinstance(known, dict) or any(known.get(name) != value for name, value in stamp(status).items()):
        return None
    return known.get("sha256")


def _engines(request: ProbeRequest, root: Path) -> dict[str, Any]:
    if not request.get("engines"):
        return {}
    # Most stacks have none that is asked, and what is not imported costs a probe no time.
    from deploy.agent.engines.observe import observe

    return observe(request["engines"], root, request.get("ca"))


def _settings(name: str, service: AskedRoom, root: Path, journal: Journal) -> Settings:
    try:
        return cast("Settings", call_room(service["kind"], "observe", {"name": name, **service}, str(root), journal))
    except AgentError as error:
        return {"problem": error.problem, "next": error.next_step}
