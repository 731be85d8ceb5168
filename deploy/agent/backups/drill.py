"""Operation `drill`: restores a backup beside what runs, opens it with the applications, and removes it again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.backups.copies import SECRETS
from deploy.agent.backups.databases import damaged, ensure_whole, rows_of
from deploy.agent.backups.fetched import HOST_SECRETS, Fetched, Place, fetched
from deploy.agent.backups.left import clear_drill, drill_folder
from deploy.agent.backups.opened import findings_in
from deploy.agent.backups.restore import ensure_same_or_newer
from deploy.agent.backups.snapshots import LATEST, meant, statement
from deploy.agent.backups.work import released_backup, restic_of
from deploy.agent.errors import AgentError, told
from deploy.agent.interrupts import shielded
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.stack.backup_memory import backing_up, now, read, remember

if TYPE_CHECKING:
    from deploy.agent.contract.backup_runs import SeenDrill
    from deploy.agent.contract.backups import Backup, DrillAnswer, Drilled, DrillRequest, Statement


def run(request: DrillRequest, journal: Journal) -> DrillAnswer:
    """Restore a snapshot into a scratch project and prove it; a drill that fails is remembered as such."""
    root, begun = Path(request["root"]), time.monotonic()
    backup = released_backup(root)
    wanted = request.get("snapshot", LATEST)
    again = Line("backup", "drill", *([] if wanted == LATEST else ["--snapshot", wanted]))
    with backing_up(root) as lock:
        ended: SeenDrill = {"snapshot": ""}
        try:
            restic = restic_of(root, backup, lock)
            snapshot = meant(root, restic, backup["stack"], wanted)
            ended["snapshot"] = snapshot["id"]
            said = statement(restic, snapshot["id"])
            ensure_same_or_newer(backup, said, list(said["versions"]))
            with _scratch(root, backup["stack"]) as scratch:
                places = [*(Place(name, f"data/{name}", scratch / name) for name in sorted(said["versions"]))]
                places.append(Place(HOST_SECRETS, SECRETS, scratch / HOST_SECRETS))
                with journal.step("restore"), fetched(restic, snapshot["id"], places, journal, again) as parts:
                    proven = _proven(root, backup, said, parts, journal)
        except (AgentError, OSError) as problem:
            failure = told(problem, again)
            # The disk may be full, and the reason of the failure is more than its record.
            with suppress(OSError):
                _remember(root, {**ended, "problem": failure.problem, "next": failure.next_step})
            raise failure from problem
        seconds = round(time.monotonic() - begun, 1)
        _remember(root, {**ended, "seconds": seconds, "problem": "", "passed": now()})
    return {
        "changed": False,
        "snapshot": snapshot["id"],
        "taken": snapshot["time"],
        "seconds": seconds,
        "parts": proven,
    }


def _remember(root: Path, drill: SeenDrill) -> None:
    before = read(root).get("drill") or {}
    passed = {"passed": before["passed"]} if "passed" in before else {}
    remember(root, drill={**passed, **drill, "ended": now()})


@contextmanager
def _scratch(root: Path, stack: str) -> Iterator[Path]:
    """Give an empty folder for the drill; nothing of a drill is left, whatever happens."""
    folder = drill_folder(root)
    clear_drill(root, stack)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        with shielded():
            shutil.rmtree(folder)


def _proven(root: Path, backup: Backup, said: Statement, parts: list[Fetched], journal: Journal) -> list[Drilled]:
    """Return the parts with what was found in them; each database first, then the applications."""
    drilled: list[Drilled] = []
    with journal.step("databases"):
        for part in parts:
            journal.say(f"checking {part.place.part}")
            files = sum(file["kind"] == "file" for file in part.manifest["files"])
            rows = _rows(part, said)
            drilled.append({"part": part.place.part, "files": files, "rows": rows, "findings": []})
    for each in drilled:
        if each["part"] != HOST_SECRETS:
            with journal.step(f"start of {each['part']}"):
                each["findings"] = findings_in(root, backup["stack"], each["part"], parts, journal)
    return drilled


def _rows(part: Fetched, said: Statement) -> dict[str, int]:
    """Return the number of rows of each database; raise AgentError unless they are those that were backed up."""
    items: list[dict[str, Any]] = part.manifest["items"]
    ensure_whole(part.data, items)
    counted = rows_of(part.data, items)
    wanted = said.get("rows", {}).get(part.place.part, counted)
    for path in sorted({*wanted, *counted}):
        there, meant = counted.get(path, {}), wanted.get(path, {})
        for table in sorted({*there, *meant}):
            if there.get(table) != meant.get(table):
                raise damaged(path, f"{table} has {there.get(table, 'no')} rows, and had {meant.get(table, 'no')}")
    return {path: sum(tables.values()) for path, tables in counted.items()}
