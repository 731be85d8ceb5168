"""Starts of a stack's jobs by the host's scheduler: a timer that is dead leaves none, and nothing that could fail."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.agent import scheduler
from deploy.agent.kit_folders import project_of
from deploy.agent.remembered import read_json, write_json

BOOT = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def firing(root: Path, job: str) -> Iterator[None]:
    """Remember the begin of a job, and its end: from there the scheduler counts an interval."""
    _remember(root, job)
    try:
        yield
    finally:
        _remember(root, job)


def _remember(root: Path, job: str) -> None:
    # A full disk is the job's own to report.
    with suppress(OSError):
        _path(root, job).parent.mkdir(parents=True, exist_ok=True)
        write_json(_path(root, job), {"format": 1, "agent": _own_agent(), "boot": _boot(), "awake": time.monotonic()})


def idle_seconds(root: Path, job: str) -> int | None:
    """Return how long the host was awake without a start of a job that its release has; None without that job.

    None as well where nobody can tell: the release's agent, perhaps one of an earlier kit, has remembered no start.
    The clock stands still while the host sleeps and begins anew with each boot: no timer can fire then.
    """
    released = _released(root, job)
    if not released.exists():
        return None
    awake, fired = time.monotonic(), read_json(_path(root, job))
    if fired is not None and not _runs(root, job, str(fired.get("agent", ""))):
        fired = None
    if fired is None and not _runs(root, job, _own_agent()):
        return None
    ages = [awake, time.time() - placed_at(root, job)]
    if fired is None:
        ages.append(time.time() - released.stat().st_mtime)
    elif fired["boot"] == _boot():
        ages.append(awake - fired["awake"])
    return int(max(0.0, min(ages)))


def placed_at(root: Path, job: str) -> float:
    """Return when a job of the release was placed in the scheduler, or else on the host; 0 without such a job."""
    if not _released(root, job).exists():
        return 0.0
    project = project_of(root.name)
    timer = scheduler.UNITS / f"{project}.{job}.timer" if scheduler.has_systemd() else scheduler.CRON / project
    with suppress(OSError):
        return timer.stat().st_mtime
    with suppress(OSError):
        return _released(root, job).stat().st_mtime
    return 0.0


def _released(root: Path, job: str) -> Path:
    return root / "current" / "units" / f"{job}.json"


def _runs(root: Path, job: str, agent: str) -> bool:
    """Return True if the release's job starts this agent."""
    try:
        return bool(agent) and f"/{agent} " in _released(root, job).with_suffix(".sh").read_text()
    except OSError:
        return False


def _own_agent() -> str:
    return Path(sys.argv[0]).name


def _path(root: Path, job: str) -> Path:
    return root / "run" / "fired" / f"{job}.json"


def _boot() -> str:
    return BOOT.read_text().strip() if BOOT.exists() else ""
