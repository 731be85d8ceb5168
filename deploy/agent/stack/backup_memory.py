"""Memory of a host's backups: its repository, the last run of each trigger, and the last good one."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deploy.agent.contract.backup_runs import DRILL_JOB, WATCH_JOB, moment
from deploy.agent.errors import AgentError
from deploy.agent.fired import idle_seconds, placed_at
from deploy.agent.holder import is_locked, try_lock
from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.programs import which
from deploy.agent.remembered import read_json, write_file, write_json
from deploy.agent.stack.secrets import secret_path

if TYPE_CHECKING:
    from deploy.agent.contract.backup_runs import Run, SeenBackups, SeenCheck, SeenDrill, SeenWatch

FORMAT = 1
RESTIC = "restic"
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.1
KEPT_LINES = 500
"""Runs that the log of backups keeps: more than a year of daily ones."""


def observe(root: Path) -> SeenBackups:
    """Return what is remembered; cheap, for every probe asks."""
    known = read(root)
    repository, last, good = known.get("repository") or {}, known.get("last"), known.get("good")
    return {
        "has_restic": which(RESTIC) is not None,
        "repository": repository.get("path", ""),
        "runs": runs_of(known),
        "last": cast("Run", last) if last else None,
        "good": cast("Run", good) if good else None,
        "check": cast("SeenCheck", known["check"]) if known.get("check") else None,
        "drill": cast("SeenDrill", known["drill"]) if known.get("drill") else None,
        "is_running": is_backing_up(root),
        "since": _since(root),
        "watch": _watch(root),
        "drills_since": moment(placed) if (placed := placed_at(root, DRILL_JOB)) else "",
    }


def _watch(root: Path) -> SeenWatch | None:
    idle = idle_seconds(root, WATCH_JOB)
    job = read_json(root / "current" / "units" / f"{WATCH_JOB}.json")
    if idle is None or job is None:
        return None
    return {"every_seconds": int(job["request"]["watch_seconds"]), "idle_seconds": idle}


def _since(root: Path) -> str:
    """Return when the key was made: from then on there should be backups. Empty without one, or if it is unreadable."""
    try:
        return moment(secret_path(root, BACKUP_OWNER, BACKUP_KEY).stat().st_mtime)
    except OSError:
        return ""


def read(root: Path) -> dict[str, Any]:
    """Return the whole memory."""
    known = read_json(_path(root)) or {}
    if known.get("format", FORMAT) > FORMAT:
        raise AgentError(f"{_path(root)} was written by a newer kit", "use the kit that wrote it, or a newer one")
    return known


def kept_paths(root: Path) -> list[Path]:
    """Return the paths that a repository needs: no removal takes a repository, nor the key that opens it."""
    return [secret_path(root, BACKUP_OWNER, BACKUP_KEY).parent, _path(root)] if observe(root)["repository"] else []


def remember(root: Path, **changes: Any) -> None:
    """Remember these parts in place of the former ones."""
    write_json(_path(root), {**read(root), **changes, "format": FORMAT})


def runs_of(known: dict[str, Any]) -> dict[str, Run]:
    """Return the last run of each trigger.

    A former kit kept one run without its trigger: it counts as the daily one, as the newest good backup does.
    """
    last, good = known.get("last"), known.get("good")
    runs: dict[str, Run] = dict(known.get("runs") or {})
    if "runs" not in known and good:
        runs["daily"] = cast("Run", {"started": good["ended"], **good, "passed": good["ended"]})
    if last and "trigger" not in last:
        trigger = last.get("before", "daily")
        runs[trigger] = _with_passed(last, runs.get(trigger))
    return runs


def remember_run(root: Path, run: Run) -> None:
    """Remember a run as the last of its trigger and of all."""
    runs = runs_of(read(root))
    number = max((each.get("number", 0) for each in runs.values()), default=0) + 1
    last = _with_passed({**run, "number": number}, runs.get(run["trigger"]))
    remember(root, last=last, runs={**runs, run["trigger"]: last})


def _with_passed(run: Run, former: Run | None) -> Run:
    """Return a run with the end and the number of the last good one of its trigger, which may be itself."""
    if "ended" in run and not run.get("problem"):
        number = {"passed_number": run["number"]} if "number" in run else {}
        return cast("Run", {**run, "passed": run["ended"], **number})
    known = former or {}
    return cast("Run", {**run, **{name: known[name] for name in ("passed", "passed_number") if name in known}})


def now() -> str:
    """Return this moment as backups write it."""
    return moment(time.time())


def log_path(root: Path) -> Path:
    """Return the log of backups: a line for each run."""
    return root / "backup" / "backups.jsonl"


def note(root: Path, run: Run) -> None:
    """Append an ended run to the log."""
    path = log_path(root)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    before = path.read_text().splitlines() if path.exists() else []
    lines = [*before, json.dumps(run, sort_keys=True)][-KEPT_LINES:]
    write_file(path, ("\n".join(lines) + "\n").encode(), 0o600)


def is_backing_up(root: Path) -> bool:
    """Return True while a run, or an orphan of one, works with the copies and the folders of restores."""
    return is_locked(_lock(root))


def taken_here(root: Path) -> set[str]:
    """Return the ids of the snapshots that this host took, as far as its memory and its log go."""
    known = read(root)
    runs = [*runs_of(known).values(), known.get("last") or {}, known.get("good") or {}, *_logged(root)]
    return {str(run["snapshot"]) for run in runs if run.get("snapshot")}


def _logged(root: Path) -> Iterator[dict[str, Any]]:
    lines = log_path(root).read_text().splitlines() if log_path(root).exists() else []
    for line in lines:
        # A line that a power cut left half is no reason to refuse a backup.
        with suppress(ValueError):
            run = json.loads(line)
            if isinstance(run, dict):
                yield run


@contextmanager
def backing_up(root: Path) -> Iterator[int]:
    """Lock a file that restic inherits: an orphan of a killed run keeps the copies to itself until it has ended."""
    _lock(root).parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(_lock(root), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        begun = time.monotonic()
        while not try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > begun + PATIENCE_SECONDS:
                raise AgentError("restic of an earlier, interrupted run still works", "wait until it has ended")
            time.sleep(LOOK_SECONDS)
        yield descriptor
    finally:
        os.close(descriptor)


def _path(root: Path) -> Path:
    # Not in run/: it stays as long as the repository does.
    return root / "backups.json"


def _lock(root: Path) -> Path:
    return root / "run" / "backing_up"
