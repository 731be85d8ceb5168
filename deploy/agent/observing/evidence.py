"""Operation `evidence`: the facts that the checks compare and the host alone sees, in one answer for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.data import places
from deploy.agent.docker.api import Docker, socket_path
from deploy.agent.docker.attached import attached
from deploy.agent.docker.container_ports import container_ports
from deploy.agent.docker.containers import replaced_folders
from deploy.agent.docker.daemon import daemon_settings
from deploy.agent.docker.installed import images
from deploy.agent.engines.observe import observe as observe_engines
from deploy.agent.errors import AgentError
from deploy.agent.firewall.closing import closing
from deploy.agent.firewall.masks import stale_masks
from deploy.agent.firewall.redirects import redirects
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.observing import cards
from deploy.agent.observing.addresses import is_own
from deploy.agent.observing.outside import outside
from deploy.agent.sockets import listening
from deploy.agent.stack.release import linked_release, placed_path, read_manifest
from deploy.agent.stack.rights import differing
from deploy.agent.stack.secrets import secret_path

if TYPE_CHECKING:
    import os

    from deploy.agent.contract.evidence import Evidence, EvidenceAnswer, EvidenceRequest, PlacedFile, Rights
    from deploy.agent.contract.released import Manifest

Part = Callable[["EvidenceRequest", Path], "Evidence"]
DOCKER_SECONDS = 10


def run(request: EvidenceRequest, _journal: Journal) -> EvidenceAnswer:
    """Answer every part, or the problem that it has; they wait for networks and disks at the same time."""
    root = Path(request["root"])
    answer: EvidenceAnswer = {"parts": {}, "problems": {}}

    def collect(name: str) -> None:
        try:
            answer["parts"].update(PARTS[name](request, root))
        except PermissionError as problem:
            answer["problems"][name] = f"only root can read {problem.filename}; run the same command as root"
        except AgentError as problem:
            answer["problems"][name] = "; ".join(filter(None, (problem.problem, problem.next_step)))

    with ThreadPoolExecutor(len(PARTS)) as pool:
        # An error of another kind is raised here.
        list(pool.map(collect, PARTS))
    return answer


def _engines(request: EvidenceRequest, root: Path) -> Evidence:
    return {"engines": observe_engines(request["engines"], root, request["ca"])}


def _places(request: EvidenceRequest, root: Path) -> Evidence:
    return {"places": places.observe(root, request["places"])}


def _rights(request: EvidenceRequest, root: Path) -> Evidence:
    return {"rights": differing(root, request["deployment"])}


def _release(_request: EvidenceRequest, root: Path) -> Evidence:
    release, manifest = _current(root)
    compose = root / placed_path("compose.yaml", release)
    return {"release": {"manifest": manifest, "compose": compose.read_text() if compose.exists() else None}}


def _files(_request: EvidenceRequest, root: Path) -> Evidence:
    release, manifest = _current(root)
    paths = [file["path"] for file in manifest["files"]]
    files = {path: _file(root / placed_path(path, release)) for path in paths}
    return {"files": {path: file for path, file in files.items() if file is not None}}


def _current(root: Path) -> tuple[str, Manifest]:
    release = linked_release(root, "current")
    manifest = read_manifest(root, release) if release else None
    if release is None or manifest is None:
        raise AgentError("no release is placed", f"run `{Line('apply')}`")
    return release, manifest


def _file(path: Path) -> PlacedFile | None:
    try:
        # A link in a file's place has rights of its own, which differ.
        rights, content = _stated(path.lstat()), path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return {**rights, "sha256": hashlib.sha256(content).hexdigest(), "text": content.decode(errors="replace")}


def _modes(request: EvidenceRequest, _root: Path) -> Evidence:
    modes: dict[str, Rights] = {}
    for path in request["paths"]:
        try:
            modes[path] = _stated(Path(path).stat())
        except (FileNotFoundError, NotADirectoryError):
            continue
    return {"modes": modes}


def _stated(status: os.stat_result) -> Rights:
    return {"mode": f"{status.st_mode & 0o7777:04o}", "owner": f"{status.st_uid}:{status.st_gid}"}


def _replaced(request: EvidenceRequest, _root: Path) -> Evidence:
    docker = Docker(timeout=DOCKER_SECONDS)
    listed = docker.containers({"kit.stack": request["stack"]})
    inspected = (docker.container(container["Id"]) for container in listed)
    folders = {container["Id"]: replaced_folders(container) for container in inspected if container is not None}
    return {"replaced": folders}


def _attached(request: EvidenceRequest, root: Path) -> Evidence:
    docker = Docker(timeout=DOCKER_SECONDS)
    return {"attached": attached(docker, docker.containers(), request["stack"], root, inspect=True)}


def _docker(_request: EvidenceRequest, _root: Path) -> Evidence:
    return {"docker": {"socket": socket_path(), "settings": daemon_settings()}}


def _brought(_request: EvidenceRequest, root: Path) -> Evidence:
    seen = images(Docker(timeout=DOCKER_SECONDS), *root.parent.glob("*/run"))
    return {"brought": [tag for tag, image in seen.items() if image["is_brought"]]}


def _absent(request: EvidenceRequest, _root: Path) -> Evidence:
    return {"absent": [address for address in request["addresses"] if not is_own(address)]}


def _outside(request: EvidenceRequest, _root: Path) -> Evidence:
    place = outside() if request["closed"] else None
    return {"outside": {"address": place[0], "port": place[1]} if place else None}


def _listeners(_request: EvidenceRequest, _root: Path) -> Evidence:
    return {"listeners": [{"address": address, "port": port} for address, port in sorted(listening())]}


def _ports(request: EvidenceRequest, _root: Path) -> Evidence:
    return {"ports": container_ports(Docker(timeout=DOCKER_SECONDS), request["stack"])}


def _redirects(request: EvidenceRequest, _root: Path) -> Evidence:
    return {"redirects": redirects(Docker(timeout=DOCKER_SECONDS), request["stack"], is_own)}


def _firewall(request: EvidenceRequest, root: Path) -> Evidence:
    return {"firewall": closing(Docker(timeout=DOCKER_SECONDS), request["stack"], root)}


def _masks(request: EvidenceRequest, _root: Path) -> Evidence:
    return {"masks": stale_masks() if request["closed"] else []}


def _secrets(request: EvidenceRequest, root: Path) -> Evidence:
    paths = {secret["name"]: secret_path(root, secret["owner"], secret["name"]) for secret in request["secrets"]}
    return {"secrets": {name: path.read_text().rstrip("\n") for name, path in paths.items() if path.exists()}}


def _cards(request: EvidenceRequest, _root: Path) -> Evidence:
    return {"cards": cards.cards() if request["cards"] else []}


PARTS: dict[str, Part] = {
    "engines": _engines,
    "places": _places,
    "rights": _rights,
    "release": _release,
    "files": _files,
    "modes": _modes,
    "replaced": _replaced,
    "attached": _attached,
    "docker": _docker,
    "brought": _brought,
    "absent": _absent,
    "outside": _outside,
    "listeners": _listeners,
    "redirects": _redirects,
    "ports": _ports,
    "firewall": _firewall,
    "masks": _masks,
    "secrets": _secrets,
    "cards": _cards,
}
"""Each part's name in the answer, and the function that reads it."""
