"""Operation `restore`: puts a backup in the place of the data, and returns to the former data if that does not run."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.agent.backups.afterwards import missing_models, unanswered
from deploy.agent.backups.brought_back import bring_back, lacking_models, weighed_engines
from deploy.agent.backups.copies import all_data, keep_other_secrets, secrets_of, without_borrowed
from deploy.agent.backups.elsewhere import elsewhere
from deploy.agent.backups.fetched import HOST_SECRETS, Fetched, fetched, places_of
from deploy.agent.backups.restic import Restic
from deploy.agent.backups.shared import is_shared, restore_shared, return_shared, shared_needs
from deploy.agent.backups.snapshots import LATEST, meant, statement
from deploy.agent.backups.take import back_up_before_restore
from deploy.agent.backups.target import restore_into
from deploy.agent.backups.work import released_backup, restic_of
from deploy.agent.data.owners import ensure_own
from deploy.agent.data.places import remember_places
from deploy.agent.data.put_back import data_names, finish_put_back, swap_in, unfinished_swap
from deploy.agent.data.sound import released_places
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import is_up, of_stack
from deploy.agent.docker.health import stop_container
from deploy.agent.docker.versions import is_older
from deploy.agent.errors import AgentError, told
from deploy.agent.interrupts import shielded
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.releases.running import start
from deploy.agent.stack.backup_memory import backing_up

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup, Snapshot, Statement
    from deploy.agent.contract.releases import ServicesRequest
    from deploy.agent.contract.restores import RestoreAnswer, RestoreRequest


class Swapped(NamedTuple):
    """A part that was put in its place, and the folder with what was there before."""

    part: Fetched
    aside: Path | None


def run(request: RestoreRequest, journal: Journal) -> RestoreAnswer:
    """Restore a snapshot, or parts of it, in its place or into a folder of its own."""
    try:
        return _run(request, journal)
    except OSError as problem:
        raise told(problem, _again(request)) from problem


def _run(request: RestoreRequest, journal: Journal) -> RestoreAnswer:
    root = Path(request["root"])
    backup = released_backup(root)
    with backing_up(root) as lock:
        if "back" in request:
            return _taken_back(request, backup, journal)
        own = restic_of(root, backup, lock)
        other = request.get("other")
        with elsewhere(root, other, lock) if other else nullcontext(own) as restic:
            snapshot = meant(root, restic, backup["stack"], request["snapshot"])
            if request.get("to"):
                restore_into(restic, snapshot["id"], request.get("only", []), Path(request["to"]), _again(request))
                return _answer(snapshot, [], [])
            return _in_place(request, backup, snapshot, restic, own, journal)


def _in_place(
    request: RestoreRequest, backup: Backup, snapshot: Snapshot, restic: Restic, own: Restic, journal: Journal
) -> RestoreAnswer:
    """Restore from a repository; what is replaced goes into the host's own."""
    root, said = Path(request["root"]), statement(restic, snapshot["id"])
    wanted = _parts(backup, said, request.get("only", []))
    engines = [store for store in backup["stores"] if store["service"] in wanted]
    parts = [part for part in wanted if part not in weighed_engines(backup, said)]
    ensure_same_or_newer(backup, said, parts)
    finish_put_back(root, journal)
    places = places_of(root, backup)
    for part in parts:
        ensure_own(root, str(places[part].host_path))
    lacking = lacking_models(root, restic, snapshot, engines, journal)
    more = [*(each.need for each in lacking if each.files), *shared_needs(restic, backup, snapshot["id"], parts)]
    with fetched(restic, snapshot["id"], [places[part] for part in parts], journal, _again(request), more) as checked:
        own_parts = [replace(part, manifest=without_borrowed(root, said, part.manifest)) for part in checked]
        differing = [part for part in own_parts if _differs(part)]
        # Behind the fetch: what is fetched cannot be lost any more.
        saved, unsaved = back_up_before_restore(root, backup, own, journal) if differing else ("", "")
        theirs = [part for part in differing if is_shared(backup, part.place.part)]
        answer = _restore(request, snapshot, [part for part in differing if part not in theirs], journal)
        restore_shared(backup, theirs, answer, journal)
    bring_back(restic, snapshot, lacking, answer, journal, _again(request))
    answering = [part.place.part for part in differing if part.place.part in answer["services"]]
    answer["notes"] = [*missing_models(restic, backup, snapshot["id"], said), *unanswered(root, answering, journal)]
    return {**answer, "saved": saved, "unsaved": unsaved} if differing else answer


def _again(request: RestoreRequest) -> Line | str:
    """Return the line that asks for the same restore: without its options, it would replace other data."""
    if "back" in request:
        return Line("apply")
    if "other" in request:
        # The host that a stack leaves, and the file with the key, are known to the control node alone.
        return "the same command"
    to = ["--to", request["to"]] if request.get("to") else []
    only = [word for part in request.get("only", []) for word in ("--only", part)]
    return Line("backup", "restore", request.get("snapshot", LATEST), *only, *to)


def _parts(backup: Backup, said: Statement, only: list[str]) -> list[str]:
    """Return the parts to restore; a service that the release no longer has is left out unless it is named."""
    own = [data["service"] for data in all_data(backup)]
    available = [*(name for name in own if name in said["versions"]), HOST_SECRETS, *weighed_engines(backup, said)]
    for name in only:
        if name not in available:
            raise AgentError(
                f"this release and this backup have no {name!r} in common", f"there are: {', '.join(available)}"
            )
    # A part that is named twice is one part.
    return list(dict.fromkeys(only)) or available


def ensure_same_or_newer(backup: Backup, said: Statement, parts: list[str]) -> None:
    """Refuse data that a newer application wrote than the release runs."""
    for data in backup["data"]:
        written = said["versions"].get(data["service"], "")
        if data["service"] in parts and is_older(data["version"], written):
            raise AgentError(
                f"the backup holds data of {data['service']} {written}, and this release runs {data['version']}",
                f"an older release could damage it: lock {written} or newer and `{Line('apply')}` first",
            )


def _differs(part: Fetched) -> bool:
    """True unless a part is the host's secrets as they are: then no service needs to read them again."""
    if part.place.part != HOST_SECRETS:
        return True
    files = [file for file in part.manifest["files"] if file["kind"] == "file"]
    here = part.place.host_path
    return any(_content(part.data / file["path"]) != _content(here / file["path"]) for file in files)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _restore(request: RestoreRequest, snapshot: Snapshot, parts: list[Fetched], journal: Journal) -> RestoreAnswer:
    root, names = Path(request["root"]), [part.place.part for part in parts]
    running = _running(request, names)
    swapped: list[Swapped] = []
    with _returning(request, parts, running, swapped, journal):
        _stop(request["stack"], running, journal)
        for part in parts:
            with journal.step(f"restore {part.place.part}"):
                aside = swap_in(root, part.place.part, part.manifest, part.data)
                # Known at once: what fails from here on returns this part too.
                swapped.append(Swapped(part, aside))
                if aside and part.place.part == HOST_SECRETS:
                    keep_other_secrets(root, aside)
        _start(request, names, running, journal)
    return _answer(snapshot, running, swapped)


def _answer(snapshot: Snapshot, services: list[str], swapped: list[Swapped]) -> RestoreAnswer:
    return {
        "changed": bool(swapped),
        "snapshot": snapshot["id"],
        "taken": snapshot["time"],
        "parts": [each.part.place.part for each in swapped],
        "services": services,
        "aside": {each.part.place.part: str(each.aside or "") for each in swapped},
    }


def _taken_back(request: RestoreRequest, backup: Backup, journal: Journal) -> RestoreAnswer:
    """Return to the data from before a restore whose checks failed."""
    root, places = Path(request["root"]), places_of(Path(request["root"]), backup)
    # Secrets that the restore left alone stay where they are.
    secrets = secrets_of(Path(request["back"].get(HOST_SECRETS) or root))
    own = {data["service"]: data for data in backup["data"]}
    declared = {HOST_SECRETS: secrets} | {
        name: {"items": data["items"], "left_out": data.get("left_out", [])} for name, data in own.items()
    }
    swapped = [
        Swapped(
            Fetched(places[part], {**declared[part], "host_path": str(places[part].host_path)}, Path(aside)),
            Path(aside) if aside else None,
        )
        for part, aside in request["back"].items()
        if not is_shared(backup, part)
    ]
    running = _running(request, [each.part.place.part for each in swapped])
    _stop(request["stack"], running, journal)
    returned = _return(request, running, swapped, journal)
    answer = _answer({"id": "", "time": "", "host": "", "before": "", "machine": ""}, running, returned)
    return_shared(backup, request["back"], answer, journal)
    return answer


def _running(request: RestoreRequest, parts: list[str]) -> list[str]:
    """Return the running services that read these parts: a secret may have any reader."""
    containers = of_stack(Docker().containers({"kit.stack": request["stack"]}), request["stack"])
    return [
        name for name, container in containers.items() if is_up(container) and (name in parts or HOST_SECRETS in parts)
    ]


def _stop(stack: str, names: list[str], journal: Journal) -> None:
    if not names:
        return
    docker = Docker()
    containers = of_stack(docker.containers({"kit.stack": stack}), stack)
    for name in reversed(names):
        with journal.step(f"stop {name}"):
            if name in containers:
                stop_container(docker, containers[name]["Id"])


def _start(request: RestoreRequest, parts: list[str], names: list[str], journal: Journal) -> None:
    """Start what ran before; the accounts in the restored data are those that the data has from now on."""
    root = Path(request["root"])
    remember_places(root, {name: place for name, place in released_places(root).items() if name in parts})
    if names:
        limits = {name: limit for name, limit in request.get("health_timeouts", {}).items() if name in names}
        wanted: ServicesRequest = {"stack": request["stack"], "root": request["root"], "services": names}
        start({**wanted, "health_timeouts": limits}, journal)


@contextmanager
def _returning(
    request: RestoreRequest, parts: list[Fetched], running: list[str], swapped: list[Swapped], journal: Journal
) -> Iterator[None]:
    """Return to the former data and start what ran before, if the block fails or is interrupted."""
    try:
        yield
    except BaseException as problem:
        with shielded():
            _stop(request["stack"], running, journal)
            _return(request, running, _with_unfinished(Path(request["root"]), parts, swapped, journal), journal)
        if not isinstance(problem, (AgentError, OSError)):
            raise
        failure = told(problem, _again(request))
        raise AgentError(
            f"the backup was not restored, and the former data is back: {failure.problem}", failure.next_step
        ) from problem


def _return(request: RestoreRequest, running: list[str], swapped: list[Swapped], journal: Journal) -> list[Swapped]:
    """Return to the former data; return each part with the folder of what was restored and written since."""
    with journal.step("return to the former data"):
        returned = [_swap_back(Path(request["root"]), each) for each in reversed(swapped)]
        _start(request, [each.part.place.part for each in swapped], running, journal)
    return returned


def _with_unfinished(root: Path, parts: list[Fetched], swapped: list[Swapped], journal: Journal) -> list[Swapped]:
    """Finish a swap that was cut off, so that it can be taken back like the others."""
    unfinished = unfinished_swap(root)
    if unfinished is None:
        return swapped
    service, aside = unfinished
    finish_put_back(root, journal)
    return [*swapped, *(Swapped(part, Path(aside)) for part in parts if part.place.part == service)]


def _swap_back(root: Path, swapped: Swapped) -> Swapped:
    """Put back what a part replaced; the part itself is kept aside in turn."""
    manifest = swapped.part.manifest
    names = data_names(manifest)
    aside = swapped.aside or _empty(swapped.part.place.host_path)
    there: list[dict[str, Any]] = [{"path": name} for name in names if os.path.lexists(aside / name)]
    return Swapped(swapped.part, swap_in(root, swapped.part.place.part, {**manifest, "files": there}, aside))


def _empty(place: Path) -> Path:
    names = (place / f".kit-nothing-{number}" for number in itertools.count())
    folder = next(name for name in names if not name.exists())
    folder.mkdir(mode=0o700)
    return folder
