"""Operation `units`: places the current release's jobs in systemd, or in cron without systemd."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent import scheduler
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import project_of
from deploy.agent.remembered import write_file

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import StackRequest
    from deploy.agent.contract.releases import UnitsAnswer

MODE = 0o644
TIMER = ".timer"


def run(request: StackRequest, journal: Journal) -> UnitsAnswer:
    """Place differing files, start their timers, and remove jobs that the release no longer has."""
    release = Path(request["root"]) / "current" / "units"
    wanted = {path: (release / name).read_bytes() for path, name in _wanted(request["stack"], release).items()}
    changed = [path for path, content in sorted(wanted.items()) if _differs(path, content)]
    if wanted and not scheduler.has_systemd():
        _ensure_cron()
    with journal.step("jobs"):
        removed = _remove([path for path in _placed(request["stack"]) if path not in wanted], journal)
        timers = sorted({path.with_suffix(TIMER) for path in changed if path.parent == scheduler.UNITS})
        for timer in timers:
            # Enabled last: until then a run that was cut short is seen, and its rerun does everything again.
            _enabled(timer).unlink(missing_ok=True)
        for path in changed:
            journal.say(f"placing {path.name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, wanted[path], MODE)
        # A reload can cost a running container its card: it happens for a change alone.
        if [path for path in (*changed, *removed) if path.parent == scheduler.UNITS]:
            scheduler.systemctl("daemon-reload")
        for timer in timers:
            scheduler.systemctl("restart", timer.name)
            scheduler.systemctl("enable", "--quiet", "--no-reload", timer.name)
    return {
        "changed": bool(changed or removed),
        "placed": [path.name for path in changed],
        "removed": [path.name for path in removed],
    }


def remove_units(stack: str, journal: Journal) -> list[str]:
    """Remove every job of a stack from the host's scheduler."""
    removed = _remove(_placed(stack), journal)
    if [path for path in removed if path.parent == scheduler.UNITS]:
        scheduler.systemctl("daemon-reload")
    return [str(path) for path in removed]


def observe(stack: str) -> dict[str, str]:
    """Return the sha256 of a stack's files in the host's scheduler, by file name; empty for a timer that is off."""
    return {
        path.name: "" if _is_off(path) else hashlib.sha256(path.read_bytes()).hexdigest() for path in _placed(stack)
    }


def _wanted(stack: str, release: Path) -> dict[Path, str]:
    """Return the target paths of a release's files, each with the file's name."""
    project = project_of(stack)
    if scheduler.has_systemd():
        files = [*release.glob(f"{project}.*.service"), *release.glob(f"{project}.*{TIMER}")]
        return {scheduler.UNITS / path.name: path.name for path in files}
    return {scheduler.CRON / project: f"{project}.cron"} if (release / f"{project}.cron").exists() else {}


def _placed(stack: str) -> list[Path]:
    project = project_of(stack)
    units = [*scheduler.UNITS.glob(f"{project}.*.service"), *scheduler.UNITS.glob(f"{project}.*{TIMER}")]
    return sorted([*units, *([scheduler.CRON / project] if (scheduler.CRON / project).exists() else [])])


def _remove(paths: list[Path], journal: Journal) -> list[Path]:
    for path in paths:
        journal.say(f"removing {path.name}")
        if path.suffix == TIMER and scheduler.has_systemd():
            scheduler.systemctl("disable", "--now", "--quiet", "--no-reload", path.name)
        path.unlink()
    return paths


def _differs(path: Path, content: bytes) -> bool:
    return not path.exists() or path.read_bytes() != content or _is_off(path)


def _is_off(path: Path) -> bool:
    """True if a path is a timer that systemd does not start at boot."""
    return path.suffix == TIMER and not _enabled(path).is_symlink()


def _enabled(timer: Path) -> Path:
    """Return the link that `systemctl enable` makes for a timer."""
    return timer.parent / "timers.target.wants" / timer.name


def _ensure_cron() -> None:
    if not scheduler.has_cron():
        raise AgentError(
            "nothing would run the jobs of this stack: the host has neither systemd nor cron",
            "install the package cron on it, then apply again",
        )
