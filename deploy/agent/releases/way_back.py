"""The way back: the release that a rollback leads to, remembered until every host of the apply has accepted its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.data.pending import read_pending
from deploy.agent.data.versions import data_versions
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import of_stack
from deploy.agent.remembered import read_json, write_json
from deploy.agent.stack.release import linked_release, read_manifest

if TYPE_CHECKING:
    from deploy.agent.contract.places import Handover
    from deploy.agent.contract.releases import ConvergeRequest
    from deploy.agent.contract.way_back import Unsettled, Way


def observe(root: Path) -> Way:
    """Return the run that brought the running release, and the state of its apply if that has not ended here."""
    converged = read_json(_converged(root)) or {}
    return {"converged_by": str(converged.get("run", "")), "unsettled": _unsettled(root)}


def _unsettled(root: Path) -> Unsettled | None:
    known, current = read_json(_path(root)), linked_release(root, "current")
    # Interrupted before the link changed, a run has changed nothing that the next one does not see.
    if known is None or ("run" not in known and (current != known.get("to") or current == known["release"])):
        return None
    return {
        "run": known.get("run", ""),
        "hosts": known.get("hosts", []),
        "before": known["release"],
        "costs_data": bool(read_pending(root)),
    }


def remember_way_back(docker: Docker, root: Path, request: ConvergeRequest) -> dict[str, Any]:
    """Return the target of a rollback; it is stored, so a rerun after an interruption has the same target."""
    known, back_to = read_json(_path(root)), request.get("back_to", "")
    is_same_run = known is not None and "run" not in known and known["release"] == _target(root)
    if known is not None and (back_to == "before" or is_same_run):
        back = {key: value for key, value in known.items() if key not in ("run", "hosts")}
    else:
        release = linked_release(root, "current") if back_to == "current" else _target(root)
        back = _made(docker, root, request["stack"], release)
    back = {**back, "to": request["release"], "owners": _owners(request, back.get("owners", {}))}
    write_json(_path(root), back)
    return back


def _owners(request: ConvergeRequest, before: dict[str, list[Handover]]) -> dict[str, list[Handover]]:
    """Return the folders that change their owner, by service; the newest change comes first."""
    owners = {name: service.get("owners", []) for name, service in request["services"].items()}
    for name, changes in before.items():
        known = owners.get(name, [])
        owners[name] = [*known, *(change for change in changes if change not in known)]
    return {name: changes for name, changes in owners.items() if changes}


def _made(docker: Docker, root: Path, stack: str, release: str | None) -> dict[str, Any]:
    listed = of_stack(docker.containers({"kit.stack": stack}), stack)
    inspected = {name: docker.container(container["Id"]) for name, container in listed.items()}
    # The container's own words: a list of containers shows an id once a tag has moved on.
    images = {
        name: {"reference": container["Config"]["Image"], "id": container["Image"]}
        for name, container in inspected.items()
        if container
    }
    return {"format": 1, "release": release, "images": images, "versions": data_versions(root)}


def keep_way_back(root: Path, back: dict[str, Any], request: ConvergeRequest) -> None:
    """Keep the target: the new release is healthy here, and may fail on another host of the apply."""
    write_json(_path(root), {**back, "run": request["run"], "hosts": request.get("hosts", [])})


def way_back_for(root: Path, request: ConvergeRequest) -> dict[str, Any] | None:
    """Return the target for a run, for one that was interrupted, or for the unsettled apply that the run continues."""
    known = read_json(_path(root))
    if known is None or (request.get("back_to") != "before" and known.get("run", request["run"]) != request["run"]):
        return None
    return known if linked_release(root, "current") == known.get("to", request["release"]) else None


def forget_way_back(root: Path) -> None:
    """Forget the target: the release is accepted everywhere, or was rolled back."""
    _path(root).unlink(missing_ok=True)


def kept_release(root: Path) -> str | None:
    """Return the release that a rollback would need."""
    return (read_json(_path(root)) or {}).get("release")


def remember_converged(root: Path, release: str, run: str = "") -> None:
    """Remember the release that runs healthy here, and the run that brought it; none after a rollback."""
    write_json(_converged(root), {"format": 1, "release": release, "run": run})


def _target(root: Path) -> str | None:
    """Return the last good release, or a later healthy one if going further back would cost data."""
    good = linked_release(root, "good")
    ran = (read_json(_converged(root)) or {}).get("release")
    if ran is None or read_manifest(root, ran) is None:
        return good
    return good if good is not None and _images(root, good) == _images(root, ran) else ran


def _images(root: Path, release: str) -> dict[str, str] | None:
    manifest = read_manifest(root, release)
    return {name: service["image"] for name, service in manifest["services"].items()} if manifest else None


def _path(root: Path) -> Path:
    return root / "run" / "way_back.json"


def _converged(root: Path) -> Path:
    return root / "run" / "converged.json"
