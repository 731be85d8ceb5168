"""A host's memory of its backups: its runs by trigger, checks and drills; and what is wrong with them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Literal, TypedDict

Before = Literal["image", "restore", "destroy"]
"""Change that a backup is taken before: another image, a restore, or the removal of the data."""
Trigger = Literal["daily", "now", "watch", "image", "restore", "destroy"]
"""Cause of a run: the daily job, `kit backup now`, a change of the data, or a change that follows."""

JOB, WATCH_JOB, DRILL_JOB = "backup", "backup-watch", "backup-drill"
"""Jobs of a release that has backups: the daily one, the one that looks for changes, and the weekly drill."""
WORDS: Mapping[str, str] = {
    "daily": "daily backup",
    "now": "backup by hand",
    "watch": "watch for changes",
    "image": "backup before another image",
    "restore": "backup before a restore",
    "destroy": "backup before a destroy",
}
_FULL = ("daily", "now")
_DOING_AS_MUCH = {"daily": _FULL, "now": _FULL, "watch": (*_FULL, "watch")}
"""A daily run checks the repository and frees space, a watch only forgets snapshots, the others do neither."""
MINUTE, DAY, WEEK = 60, 24 * 3600, 7 * 24 * 3600
OVERDUE_DAYS = 2
"""Age in days from which a daily backup is too old."""
OVERDUE_WEEKS = 2
"""Age in weeks from which a weekly drill is too old."""
SLACK = 180
"""Delay in seconds that a scheduler may add to two intervals of a watch."""
AHEAD_SECONDS = 3600
"""Difference that the clocks of two machines may have."""
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Run(TypedDict, total=False):
    """A run of a backup; one without an end is under way, or was interrupted."""

    started: str
    trigger: str
    before: str
    """Change that followed; left out where none did."""
    ended: str
    snapshot: str
    files: int
    bytes: int
    problem: str
    next: str
    passed: str
    """End of the last good run of this trigger; left out before the first."""
    number: int
    """Position among the runs of this host: clocks jump, so times do not order runs. A former kit left it out."""
    passed_number: int
    """Number of the last good run of this trigger."""
    unlocked: dict[str, list[str]]
    """Engine to its models that neither kit.yaml nor the backup had; left out for none."""
    unsaved: dict[str, dict[str, str]]
    """Engine to models that should be in the backup, each with the reason for which it is not; left out for none."""


class SeenCheck(TypedDict):
    """The last check of the repository."""

    ended: str
    problems: list[str]


class SeenDrill(TypedDict, total=False):
    """The last drill of a host, and the one that passed last."""

    ended: str
    snapshot: str
    seconds: float
    problem: str
    """Empty for a drill that passed."""
    next: str
    passed: str
    """Time of the last drill that passed; left out before the first."""


class SeenWatch(TypedDict):
    """The job that looks for changes."""

    every_seconds: int
    idle_seconds: int
    """Time that the host was awake since the job ran last, or could have."""


class SeenBackups(TypedDict):
    """A host's memory of its backups."""

    has_restic: bool
    repository: str
    """Path of the repository that the last run used; empty before the first run."""
    runs: dict[str, Run]
    """Trigger to its last run."""
    last: Run | None
    """The last run of all."""
    good: Run | None
    """The last run of all whose snapshot is good."""
    check: SeenCheck | None
    drill: SeenDrill | None
    is_running: bool
    since: str
    """Time at which the key of the backups was made; empty if there is none, or if only root can see it."""
    watch: SeenWatch | None
    """None where the release has no such job, or nobody can tell when it ran."""
    drills_since: str
    """Time at which the job of a weekly drill was placed; empty where the release has none."""


def moment(seconds: float) -> str:
    """Return a time as backups write it, in UTC."""
    return time.strftime(_FORMAT, time.gmtime(seconds))


def seconds_of(moment: str) -> int:
    """Return a time that backups wrote, in seconds since the epoch."""
    # Few starts of the agent read a time, and each would load the module.
    import calendar

    return calendar.timegm(time.strptime(moment, _FORMAT))


def troubles(seen: SeenBackups, now: float) -> Iterator[tuple[str, str]]:
    """Yield everything that is wrong with a host's backups: what it is about, and a sentence."""
    for trigger, run in seen["runs"].items():
        about, words = WORDS.get(trigger, trigger), _failure(run)
        if words and not _is_under_way(seen, run) and not _is_made_up_for(seen["runs"], trigger, run):
            yield about, f"the last {about} {words}"
    if seen["check"] is not None and seen["check"]["problems"]:
        yield "check", f"the repository is broken: {'; '.join(seen['check']['problems'])}"
    if seen["drill"] is not None and seen["drill"].get("problem"):
        yield "drill", f"the last drill failed: {seen['drill']['problem']}"
    if late := _drill_lateness(seen, now):
        yield "drill age", late
    watch = seen["watch"]
    if watch is not None and watch["idle_seconds"] > 2 * watch["every_seconds"] + SLACK and not seen["is_running"]:
        idle, every = watch["idle_seconds"] // MINUTE, max(1, watch["every_seconds"] // MINUTE)
        yield "watch", f"the watch for changes did not run for {idle} minutes, and should every {every}: see its timer"
    if unsaved := (seen["good"] or {}).get("unsaved"):
        yield "weights", f"{unsaved_words(unsaved)}; free space or mend them, or write `weights: none` under `backup`"
    if late := _lateness(_daily_passes(seen["runs"]), seen["since"], now):
        yield "age", late


def unsaved_words(unsaved: Mapping[str, Mapping[str, str]]) -> str:
    """Return which models a backup lacks, and why."""
    lacking = (f"{name} of {engine} ({why})" for engine, models in unsaved.items() for name, why in models.items())
    return f"the newest backup lacks models that nothing else brings back: {', '.join(lacking)}"


def daily_passed(runs: Mapping[str, Run]) -> str:
    """Return the end of the last good run that did everything a daily one does; empty before the first."""
    return next(iter(_daily_passes(runs)), "")


def is_ahead(moment: str, now: float) -> bool:
    """True for a time that is still to come: some clock is wrong, or was."""
    return seconds_of(moment) - now > AHEAD_SECONDS


def _daily_passes(runs: Mapping[str, Run]) -> list[str]:
    """Return the ends of the last good full runs, the newest first."""
    passed = [runs[trigger] for trigger in _FULL if runs.get(trigger, {}).get("passed")]
    newest_first = sorted(passed, key=lambda run: (run.get("passed_number", 0), run["passed"]), reverse=True)
    return [run["passed"] for run in newest_first]


def _is_under_way(seen: SeenBackups, run: Run) -> bool:
    is_last = seen["last"] is not None and seen["last"].get("started") == run.get("started")
    return "ended" not in run and seen["is_running"] and is_last


def _failure(run: Run) -> str:
    if "ended" not in run:
        return "was interrupted"
    return f"failed: {run['problem']}" if run.get("problem") else ""


def _is_made_up_for(runs: Mapping[str, Run], trigger: str, failed: Run) -> bool:
    """True if a later good run of another trigger did what the failed one left undone."""
    others = set(_DOING_AS_MUCH.get(trigger, runs)) - {trigger}
    return any(_has_passed_since(runs[each], failed) for each in others if each in runs)


def _has_passed_since(run: Run, failed: Run) -> bool:
    if "passed_number" in run and "number" in failed:
        return run["passed_number"] > failed["number"]
    return run.get("passed", "") >= (failed.get("ended") or failed.get("started", ""))


def _lateness(passes: list[str], since: str, now: float) -> str:
    newest = passes[0] if passes else since
    if not newest or any(_is_young(moment, now) for moment in passes or [since]):
        return ""
    if is_ahead(newest, now):
        return f"a clock is wrong, or was: {newest} is still to come, so the age of the newest daily backup is unknown"
    days = int(now - seconds_of(newest)) // DAY
    return f"the newest daily backup is {days} days old" if passes else f"there is no daily backup since {days} days"


def _drill_lateness(seen: SeenBackups, now: float) -> str:
    """Return that the weekly drill did not run for two weeks; a failed one is told as such."""
    if not seen["drills_since"]:
        return ""
    ended = (seen["drill"] or {}).get("ended", "")
    # A job that was placed anew is as young as its place.
    known = [moment for moment in (ended, seen["drills_since"]) if moment]
    if any(not is_ahead(moment, now) and now - seconds_of(moment) <= OVERDUE_WEEKS * WEEK for moment in known):
        return ""
    newest = max(known)
    if is_ahead(newest, now):
        return f"a clock is wrong, or was: {newest} is still to come, so the age of the newest drill is unknown"
    days = int(now - seconds_of(newest)) // DAY
    return f"the newest drill is {days} days old: see its timer" if ended else f"there is no drill since {days} days"


def _is_young(moment: str, now: float) -> bool:
    return not is_ahead(moment, now) and now - seconds_of(moment) <= OVERDUE_DAYS * DAY
