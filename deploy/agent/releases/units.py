"""Operation `units`: places the current release's jobs in systemd, or in cron without systemd."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import project_of
from deploy.agent.remembered import write_file

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import StackRequest
    from deploy.agent.contract.releases import UnitsAnswer

SYSTEMD = Path("/run/systemd/system")
"""Folder that exists while systemd is process 1."""
UNITS = Path("/etc/systemd/system")
CRON = Path("/etc/cron.d")
MODE = 0o644
TIMER = ".timer"


def run(request: StackRequest, journal: Journal) -> UnitsAnswer:
    """Place differing files, start their timers, and remove jobs that the release no longer has."""
    release = Path(request["root"]) / "current" / "units"
    wanted = {path: (release / name).read_bytes() for path, name in _wanted(request["stack"], release).items()}
    changed = [path for path, content in sorted(wanted.items()) if not path.exists() or path.read_bytes() != content]
    with journal.step("jobs"):
        removed = _remove([path for path in _placed(request["stack"]) if path not in wanted], journal)
        for path in changed:
            journal.say(f"placing {path.name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, wanted[path], MODE)
        # A reload can cost a running container its card: it happens for a change alone.
        if [path for path in (*changed, *removed) if path.parent == UNITS]:
            _systemctl("daemon-reload")
        for name in sorted({path.stem for path in changed if path.parent == UNITS}):
            _systemctl("enable", "--quiet", name + TIMER)
            _systemctl("restart", name + TIMER)
    return {
        "changed": bool(changed or removed),
        "placed": [path.name for path in changed],
        "removed": [path.name for path in removed],
    }


def remove_units(stack: str, journal: Journal) -> list[str]:
    """Remove every job of a stack from the host's scheduler."""
    removed = _remove(_placed(stack), journal)
    if [path for path in removed if path.parent == UNITS]:
        _systemctl("daemon-reload")
    return [str(path) for path in removed]


def observe(stack: str) -> dict[str, str]:
    """Return the sha256 of each file of a stack in the host's scheduler, by file name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _placed(stack)}


def has_systemd() -> bool:
    """True if systemd is the scheduler here, False if cron is."""
    return SYSTEMD.is_dir()


def _wanted(stack: str, release: Path) -> dict[Path, str]:
    """Return the target paths of a release's files, each with the file's name."""
    project = project_of(stack)
    if has_systemd():
        files = [*release.glob(f"{project}.*.service"), *release.glob(f"{project}.*{TIMER}")]
        return {UNITS / path.name: path.name for path in files}
    return {CRON / project: f"{project}.cron"} if (release / f"{project}.cron").exists() else {}


def _placed(stack: str) -> list[Path]:
    project = project_of(stack)
    units = [*UNITS.glob(f"{project}.*.service"), *UNITS.glob(f"{project}.*{TIMER}")]
    return sorted([*units, *([CRON / project] if (CRON / project).exists() else [])])


def _remove(paths: list[Path], journal: Journal) -> list[Path]:
    for path in paths:
        journal.say(f"removing {path.name}")
        if path.suffix == TIMER and has_systemd():
            _systemctl("disable", "--now", "--quiet", path.name)
        path.unlink()
    return paths


def _systemctl(*words: str) -> None:
    # Not above: a probe looks at units and starts no program.
    import subprocess

    program = shutil.which("systemctl") or "systemctl"
    done = subprocess.run([program, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise AgentError(f"systemctl {' '.join(words)}: {said}", "see `systemctl status`, then apply again")
