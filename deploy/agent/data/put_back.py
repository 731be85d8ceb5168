"""Restores a copy of user data: checked, laid out beside, then renamed in; newer data is kept aside."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.data.owners import ensure_own
from deploy.agent.data.trees import OURS, SIDE_FILES, copy_file, own
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import is_up, of_stack
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.remembered import read_json, sync_folder, write_json

if TYPE_CHECKING:
    from deploy.agent.contract.releases import PutBackAnswer, PutBackRequest


def run(request: PutBackRequest, journal: Journal) -> PutBackAnswer:
    """Restore one copy while its service is stopped."""
    root, service = Path(request["root"]), request["service"]
    container = of_stack(Docker().containers(), request["stack"]).get(service)
    if is_up(container):
        raise AgentError(
            f"{service} is running; its data can only be replaced while it is stopped",
            f"stop it first: {Line('stop', service)}",
        )
    with journal.step(f"data of {service}"):
        aside = put_back(root, service, Path(request["folder"]), journal)
    return {"changed": True, "aside": aside}


def put_back(root: Path, service: str, folder: Path, journal: Journal, release: str | None = None) -> str:
    """Restore a complete copy in the place of the data; return the folder of the newer data.

    A rollback names the earlier release, whose user has the folder again while the failed release is still current.
    """
    manifest = read_json(folder / "manifest.json")
    if manifest is None or manifest.get("format") != 1:
        raise AgentError(f"{folder} is not a complete copy", "choose another copy under the stack's copies/")
    source = Path(manifest["host_path"])
    ensure_own(root, manifest["host_path"], release)
    beside, aside = source / f"{OURS}restore", _new_aside(source)
    journal.say(f"restoring the data of {service} as of {manifest['taken']}")
    # Mostly nothing is there; where something stays, the line below says so.
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    try:
        _lay_out(manifest, folder / "data", beside)
    except BaseException:
        shutil.rmtree(beside)
        raise
    _begin_swap(root, service, manifest, aside, release)
    _swap_all(root, manifest, source, beside, aside)
    return str(aside)


def swap_in(root: Path, service: str, manifest: dict[str, Any], copy: Path) -> Path | None:
    """Rename a checked copy on the same file system into its manifest's place; return the folder of the old data."""
    source = Path(manifest["host_path"])
    beside, aside = source / f"{OURS}restore", _new_aside(source)
    # Mostly nothing is there; where something stays, the line below says so.
    shutil.rmtree(beside, ignore_errors=True)
    copy.rename(beside)
    _begin_swap(root, service, manifest, aside)
    _swap_all(root, manifest, source, beside, aside)
    with suppress(OSError):
        # Mostly nothing was there before.
        aside.rmdir()
    return aside if aside.exists() else None


def data_names(manifest: dict[str, Any]) -> list[str]:
    """Return the paths that a swap replaces: the declared parts, each with the side files of a database."""
    return [top + suffix for top in _tops(manifest) for suffix in ("", *SIDE_FILES)]


def unfinished_swap(root: Path) -> tuple[str, str] | None:
    """Return the service of a swap that was cut off, and the folder with what was there before."""
    marker = read_json(_marker(root))
    return (marker["service"], marker["aside"]) if marker else None


def _begin_swap(root: Path, service: str, manifest: dict[str, Any], aside: Path, release: str | None = None) -> None:
    aside.mkdir(mode=0o700)
    marker = {"format": 1, "service": service, "aside": str(aside), "manifest": manifest, "release": release}
    write_json(_marker(root), marker)


def half_put_back(root: Path) -> list[Path]:
    """Return copies that were laid out but not yet swapped in: the data is unchanged."""
    if _marker(root).exists():
        return []
    manifests = [read_json(path) or {} for path in (root / "copies").glob("*/*/manifest.json")]
    places = {Path(manifest["host_path"]) / f"{OURS}restore" for manifest in manifests if "host_path" in manifest}
    return sorted(place for place in places if place.is_dir() and not place.is_symlink())


def finish_put_back(root: Path, journal: Journal) -> None:
    """Finish a restore that was interrupted after its copy was ready."""
    marker = read_json(_marker(root))
    if marker is None:
        return
    ensure_own(root, marker["manifest"]["host_path"], marker.get("release"))
    journal.say(f"finishing the restore of {marker['service']}'s data")
    source = Path(marker["manifest"]["host_path"])
    _swap_all(root, marker["manifest"], source, source / f"{OURS}restore", Path(marker["aside"]))


def _new_aside(source: Path) -> Path:
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    names = (f"{OURS}aside-{moment}" + (f"-{number}" if number else "") for number in itertools.count())
    return next(source / name for name in names if not (source / name).exists())


def _marker(root: Path) -> Path:
    return root / "run" / "put_back.json"


def _lay_out(manifest: dict[str, Any], data: Path, beside: Path) -> None:
    for file in manifest["files"]:
        there = beside / file["path"]
        if file["kind"] == "folder":
            there.mkdir(mode=0o700)
        elif file["kind"] == "link":
            there.symlink_to(file["target"])
        elif copy_file(data / file["path"], there) != file["sha256"]:
            raise AgentError(f"{data / file['path']} is damaged; nothing was restored", "choose an older copy")
    for file in reversed(manifest["files"]):
        own(beside, file)


def _swap_all(root: Path, manifest: dict[str, Any], source: Path, beside: Path, aside: Path) -> None:
    tops, copied = _tops(manifest), {file["path"] for file in manifest["files"]}
    _ensure_parents(manifest, source, tops)
    for name in data_names(manifest):
        _swap(name, source, beside, aside, name in copied)
    for name in manifest.get("left_out", []):
        # No copy has it: it belongs to neither state of the data.
        if os.path.lexists(aside / name) and not os.path.lexists(source / name) and (source / name).parent.is_dir():
            (aside / name).rename(source / name)
    sync_folder(source)
    # The data is in its place: what cannot be removed now goes with the next collect.
    shutil.rmtree(beside, ignore_errors=True)
    _marker(root).unlink(missing_ok=True)


def _tops(manifest: dict[str, Any]) -> list[str]:
    """Return the declared parts that lie in no other part, missing ones included."""
    paths = sorted(next(iter(item.values())) for item in manifest["items"])
    return [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]


def _swap(name: str, source: Path, beside: Path, aside: Path, is_in_copy: bool) -> None:
    """Move one part aside and the copy's part in; a repeated call changes nothing."""
    here, ready, kept = source / name, beside / name, aside / name
    if is_in_copy and not os.path.lexists(ready):
        return
    if os.path.lexists(here) and not os.path.lexists(kept):
        kept.parent.mkdir(parents=True, exist_ok=True)
        here.rename(kept)
    if is_in_copy:
        ready.rename(here)


def _ensure_parents(manifest: dict[str, Any], source: Path, tops: list[str]) -> None:
    above = {str(parent) for top in tops for parent in Path(top).parents}
    for file in manifest["files"]:
        if file["path"] in above and not (source / file["path"]).exists():
            (source / file["path"]).mkdir()
            own(source, file)
