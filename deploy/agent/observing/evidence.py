"""Operation `evidence`: what the checks compare and the host alone sees, in one answer for all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.data import places
from deploy.agent.docker.api import Docker, socket_path
from deploy.agent.docker.containers import replaced_folders
from deploy.agent.docker.daemon import daemon_settings
from deploy.agent.engines.observe import observe as observe_engines
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.observing.addresses import is_own
from deploy.agent.observing.outside import outside
from deploy.agent.stack.rights import differing
from deploy.agent.stack.secrets import secret_path

if TYPE_CHECKING:
    from deploy.agent.contract.engines import SeenEngine, SeenNames
    from deploy.agent.contract.places import SeenData
    from deploy.agent.contract.probe import EvidencePart, EvidenceRequest, Right

Part = Callable[["EvidenceRequest", Path], Any]
DOCKER_SECONDS = 10


def run(request: EvidenceRequest, _journal: Journal) -> dict[str, EvidencePart]:
    """Answer every part, or the problem that it has."""
    root = Path(request["root"])
    return {name: _answered(part, request, root) for name, part in PARTS.items()}


def _answered(part: Part, request: EvidenceRequest, root: Path) -> EvidencePart:
    try:
        return {"answer": part(request, root)}
    except PermissionError as problem:
        return {"problem": f"only root can read {problem.filename}; run the same command as root"}
    except AgentError as problem:
        return {"problem": "; ".join(filter(None, (problem.problem, problem.next_step)))}


def _engines(request: EvidenceRequest, root: Path) -> dict[str, SeenEngine | SeenNames]:
    return observe_engines(request["engines"], root, request["ca"])


def _places(request: EvidenceRequest, root: Path) -> dict[str, SeenData]:
    return places.observe(root, request["places"])


def _rights(request: EvidenceRequest, root: Path) -> list[Right]:
    return differing(root, request["deployment"])


def _replaced(request: EvidenceRequest, _root: Path) -> dict[str, list[str]]:
    """Return the folders that containers write to and that their paths no longer lead to, by container."""
    docker = Docker(timeout=DOCKER_SECONDS)
    listed = docker.containers({"kit.stack": request["stack"]})
    found = (docker.container(one["Id"]) for one in listed)
    return {one["Id"]: replaced_folders(one) for one in found if one is not None}


def _docker(_request: EvidenceRequest, _root: Path) -> dict[str, Any]:
    return {"socket": socket_path(), "settings": daemon_settings()}


def _absent(request: EvidenceRequest, _root: Path) -> list[str]:
    """Return the published addresses that the host does not have."""
    return [address for address in request["addresses"] if not is_own(address)]


def _outside(request: EvidenceRequest, _root: Path) -> list[Any] | None:
    place = outside() if request["closed"] else None
    return list(place) if place else None


def _secrets(request: EvidenceRequest, root: Path) -> dict[str, str]:
    """Return the values of the stack's secrets, by name; a missing one has none."""
    paths = {one["name"]: secret_path(root, one["owner"], one["name"]) for one in request["secrets"]}
    return {name: path.read_text().rstrip("\n") for name, path in paths.items() if path.exists()}


PARTS: dict[str, Part] = {
    "engines": _engines,
    "places": _places,
    "rights": _rights,
    "replaced": _replaced,
    "docker": _docker,
    "absent": _absent,
    "outside": _outside,
    "secrets": _secrets,
}
