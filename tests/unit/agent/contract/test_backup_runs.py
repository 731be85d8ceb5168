"""Troubles of backups: each trigger's last run counts by itself, until a later run did what it left undone."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.agent.contract.backup_runs import DAY, Run, daily_passed, moment, seconds_of, troubles

NOW = seconds_of("2026-11-28T12:00:00Z")
HOUR = 3600


def run(hours_ago: float, problem: str = "", passed_ago: float | None = None) -> Run:
    """Return an ended run; a failed one may have a good one before it."""
    ended = moment(NOW - hours_ago * HOUR)
    if not problem:
        return {"started": ended, "ended": ended, "passed": ended}
    passed: Run = {} if passed_ago is None else {"passed": moment(NOW - passed_ago * HOUR)}
    return {"started": ended, "ended": ended, "problem": problem, **passed}


def told(runs: dict[str, Run], now: float = NOW, **more: Any) -> list[str]:
    last = max(runs.values(), key=lambda each: each["started"]) if runs else None
    seen: Any = {
        "has_restic": True,
        "repository": "/mnt/disk2/kit",
        "runs": runs,
        "last": last,
        "good": None,
        "check": None,
        "drill": None,
        "is_running": False,
        "since": "",
        "watch": None,
        "drills_since": "",
        **more,
    }
    return [words for _, words in troubles(seen, now)]


def test_a_good_watch_hides_no_daily_run_that_failed() -> None:
    runs = {"daily": run(5, "pack 12 is broken", passed_ago=29), "watch": run(1)}
    assert told(runs) == ["the last daily backup failed: pack 12 is broken"]


@pytest.mark.parametrize(
    ("failed", "good", "is_told"),
    [
        ("daily", "now", False),
        ("now", "daily", False),
        ("daily", "watch", True),
        ("daily", "image", True),
        ("watch", "daily", False),
        ("watch", "image", True),
        ("image", "watch", False),
        ("restore", "daily", False),
    ],
)
def test_a_failure_lasts_until_a_later_run_did_as_much(failed: str, good: str, is_told: bool) -> None:
    # The daily runs are young, so that age is not told beside.
    daily = {} if "daily" in (failed, good) else {"daily": run(20)}
    assert bool(told({failed: run(5, "no space", passed_ago=20), good: run(1), **daily})) == is_told
    assert told({failed: run(1, "no space", passed_ago=20), good: run(5), **daily})


def test_each_trigger_that_failed_is_told() -> None:
    runs = {"watch": run(1, "no space"), "daily": run(5, "no key", passed_ago=20), "image": run(2, "no database")}
    assert told(runs) == [
        "the last watch for changes failed: no space",
        "the last daily backup failed: no key",
        "the last backup before another image failed: no database",
    ]


def test_a_run_without_an_end_was_interrupted_unless_it_is_under_way() -> None:
    cut: Run = {"started": moment(NOW - 60), "passed": moment(NOW - 20 * HOUR)}
    assert told({"daily": cut}) == ["the last daily backup was interrupted"]
    assert told({"daily": cut}, is_running=True) == []
    # Another one runs now.
    assert told({"daily": cut, "watch": {"started": moment(NOW)}}, is_running=True) == [
        "the last daily backup was interrupted"
    ]


def test_good_watches_hide_no_daily_run_that_never_came() -> None:
    assert told({"watch": run(1), "daily": run(49)}) == ["the newest daily backup is 2 days old"]
    assert told({"watch": run(1)}, since=moment(NOW - 8 * DAY)) == ["there is no daily backup since 8 days"]
    assert told({"watch": run(1)}, since=moment(NOW - HOUR)) == []
    assert told({"watch": run(1), "daily": run(49), "now": run(30)}) == []


def test_a_failed_run_is_as_old_as_the_good_one_before_it() -> None:
    runs = {"daily": run(2, "no space", passed_ago=50)}
    assert told(runs) == ["the last daily backup failed: no space", "the newest daily backup is 2 days old"]


def test_a_clock_that_jumped_by_a_day_is_told() -> None:
    runs = {"daily": run(2)}
    assert told(runs, now=NOW + DAY) == []
    assert told(runs, now=NOW + 2 * DAY) == ["the newest daily backup is 2 days old"]
    (words,) = told(runs, now=NOW - DAY)
    assert words.startswith("a clock is wrong, or was: ")


def numbered(number: int, hours_ago: float, problem: str = "") -> Run:
    """Return a run with its position, by which runs are compared."""
    made: Run = {**run(hours_ago, problem), "number": number}
    return made if problem else {**made, "passed_number": number}


def test_a_backup_of_a_clock_that_was_ahead_is_red_only_while_no_other_one_is_young() -> None:
    assert told({"daily": numbered(1, 10), "now": numbered(2, -24)}) == []
    (words,) = told({"daily": numbered(1, 49), "now": numbered(2, -24)})
    assert words.startswith("a clock is wrong, or was: ")
    assert told({"now": numbered(2, -24), "daily": numbered(3, 1)}) == []


def test_a_backup_of_a_clock_that_was_ahead_is_not_the_newest_behind_a_later_one() -> None:
    runs = {"now": numbered(2, -24), "daily": numbered(3, 49)}
    assert daily_passed(runs) == runs["daily"]["passed"]
    assert told(runs) == ["the newest daily backup is 2 days old"]


def test_a_failure_of_a_clock_that_was_ahead_is_over_when_a_later_run_passed() -> None:
    failed = numbered(2, -24, "no space")
    assert told({"daily": numbered(1, 10), "now": failed}) == ["the last backup by hand failed: no space"]
    assert told({"daily": numbered(3, 1), "now": failed}) == []


def test_runs_of_a_former_kit_have_their_times_alone() -> None:
    failed: Run = {**run(1, "no space"), "number": 1}
    assert told({"daily": run(5), "now": failed}) == ["the last backup by hand failed: no space"]
    assert told({"daily": run(0.5), "now": failed}) == []


def test_a_broken_repository_and_a_failed_drill_are_told_beside() -> None:
    broken = {"ended": moment(NOW), "problems": ["pack 309c0378: does not exist"]}
    drill = {"ended": moment(NOW), "snapshot": "a", "problem": "a row is missing"}
    assert told({"daily": run(1)}, check=broken, drill=drill) == [
        "the repository is broken: pack 309c0378: does not exist",
        "the last drill failed: a row is missing",
    ]


def days_ago(days: float) -> str:
    return moment(NOW - days * DAY)


@pytest.mark.parametrize(
    ("every", "idle", "words"),
    [
        (300, 600, []),
        (60, 290, []),
        (300, 3600, ["the watch for changes did not run for 60 minutes, and should every 5: see its timer"]),
        (7200, 3 * 7200, ["the watch for changes did not run for 360 minutes, and should every 120: see its timer"]),
    ],
)
def test_a_watch_that_never_runs_is_told_after_two_intervals(every: int, idle: int, words: list[str]) -> None:
    watch = {"every_seconds": every, "idle_seconds": idle}
    assert told({}, watch=watch) == words
    assert told({}, watch=watch, is_running=True) == [], "a long run is no dead timer"


@pytest.mark.parametrize(
    ("since", "ended", "words"),
    [
        (days_ago(13), "", []),
        (days_ago(15), "", ["there is no drill since 15 days"]),
        (days_ago(200), days_ago(13), []),
        (days_ago(200), days_ago(15), ["the newest drill is 15 days old: see its timer"]),
        (days_ago(1), days_ago(90), []),
        ("", days_ago(90), []),
    ],
)
def test_a_weekly_drill_that_never_runs_is_told_after_two_weeks(since: str, ended: str, words: list[str]) -> None:
    drill = {"ended": ended, "snapshot": "a", "problem": "", "passed": ended} if ended else None
    assert told({}, drill=drill, drills_since=since) == words


def test_a_drill_of_a_clock_that_was_ahead_is_not_young() -> None:
    drill = {"ended": days_ago(-30), "snapshot": "a", "problem": ""}
    (words,) = told({}, drill=drill, drills_since=days_ago(200))
    assert words.startswith("a clock is wrong, or was: ")
