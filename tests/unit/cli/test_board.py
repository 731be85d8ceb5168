from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace

import click
import pytest

from deploy.agent.contract.envelope import StepState
from deploy.apply.event import Event
from deploy.cli.terminal.board import Board, amount, duration, size
from deploy.cli.terminal.progress import Plain
from deploy.stack import HERE


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def event(step: str, state: StepState, text: str = "", done: int | None = None, total: int | None = None) -> Event:
    """An event of this machine."""
    return Event(step, state, text, done, total, host=HERE)


def story(*events: tuple[float, Event]) -> str:
    """Return what a pipe sees of events at their times."""
    clock, stream = Clock(), io.StringIO()
    plain = Plain(stream, Board(clock))
    for now, event in events:
        clock.now = now
        plain(event)
    return stream.getvalue()


def test_a_step_on_a_pipe_is_a_line_for_what_it_does_and_one_for_its_end() -> None:
    assert (
        story(
            (0, event("image main", "start")),
            (0, event("image main", "progress", "root filesystem")),
            (9, event("image main", "progress", "wheels")),
            (32, event("image main", "done")),
        )
        == "image main: root filesystem\nimage main: wheels\nimage main: done in 32 s\n"
    )


def test_a_counter_that_goes_on_says_so_every_half_minute_only() -> None:
    bytes_of = [(second, event("model", "progress", "fetching", second * 2**20, 100 * 2**20)) for second in range(61)]
    assert story(*bytes_of).splitlines() == [
        "model: fetching",
        "model: 30.0 MiB of 100 MiB, fetching",
        "model: 60.0 MiB of 100 MiB, fetching",
    ]


def test_many_short_things_leave_few_lines() -> None:
    checks = [
        (second / 2, event("verify", "progress", f"check {'abcdefghijklmnopqrst'[second]}")) for second in range(20)
    ]
    assert story(*checks).splitlines() == ["verify: check a", "verify: check k"]


def test_seconds_in_a_text_are_a_counter_too() -> None:
    waiting = [(second, event("health", "progress", f"waiting for main, {second} s")) for second in range(45)]
    assert len(story(*waiting).splitlines()) == 2


def test_a_step_that_took_no_time_leaves_no_line() -> None:
    assert story((0, event("folders", "start")), (0.3, event("folders", "done"))) == ""


def test_words_outside_of_any_step_are_a_line_and_no_step() -> None:
    assert story((0, event("", "progress", "three secrets are written"))) == "three secrets are written\n"


def test_a_failed_step_says_so_however_short_it_was() -> None:
    failing = story((0, event("verify", "start")), (0.1, event("verify", "failed", "port 3000 is open")))
    assert failing == "verify: failed after 0.1 s\n"


def test_a_step_that_was_interrupted_says_that_and_not_that_it_failed() -> None:
    assert story((0, event("containers", "start")), (6, event("containers", "interrupted"))) == (
        "containers: interrupted after 6 s\n"
    )


def test_steps_side_by_side_keep_their_own_time_and_order() -> None:
    clock = Clock()
    board = Board(clock)
    board.take(event("image a", "start"))
    clock.now = 5
    board.take(event("image b", "start"))
    clock.now = 8
    ended = board.take(event("image a", "done"))
    assert ended is not None
    assert (ended.label, ended.seconds) == ("image a", 8)
    assert [step.label for step in board.running.values()] == ["image b"]


def test_a_step_is_told_behind_the_phase_in_which_it_began() -> None:
    assert (
        story(
            (0, replace(event("main", "start"), phase="converge")),
            (0, replace(event("main", "progress", "waiting"), phase="converge")),
            # The journal's last line of a phase comes when the next phase has begun.
            (3, replace(event("main", "done"), phase="settings")),
        )
        == "converge: main: waiting\nconverge: main: done in 3 s\n"
    )


def test_a_phase_that_is_called_as_its_step_is_told_once() -> None:
    assert story(
        (0, replace(event("images", "start"), phase="images")), (2, replace(event("images", "done"), phase="images"))
    ) == ("images: done in 2 s\n")


def test_a_step_of_another_machine_is_told_behind_its_name() -> None:
    assert (
        story(
            (0, replace(event("main", "start"), phase="converge", host="here")),
            (0, replace(event("main", "start"), phase="converge", host="box")),
            (5, replace(event("main", "done"), phase="converge", host="box")),
            (9, replace(event("main", "failed"), phase="converge", host="here")),
        )
        == "box: converge: main: done in 5 s\nconverge: main: failed after 9 s\n"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0.2 s"), (1.4, "1 s"), (119, "119 s"), (120, "2 min 00 s"), (754, "12 min 34 s"), (7500, "2 h 05 min")],
)
def test_a_duration_is_no_finer_than_is_of_use(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (2048, "2 KiB"),
        (253113024, "241 MiB"),
        (10 * 2**20, "10.0 MiB"),
        (2**40, "1.0 TiB"),
    ],
)
def test_a_size_is_said_in_the_unit_that_fits(number: int, words: str) -> None:
    assert size(number) == words


def test_an_amount_without_a_total_is_the_amount_alone() -> None:
    assert (amount(None, None), amount(2048, None), amount(2048, 4096)) == ("", "2 KiB", "2 KiB of 4 KiB")


def test_a_terminal_sees_what_runs_and_keeps_what_ended() -> None:
    script = (
        "import sys, time\nfrom deploy.apply.event import Event\nfrom deploy.cli.terminal.progress import progress\n"
        "with progress(sys.stdout) as show:\n"
        "    show(Event('image a', 'start', host='here'))\n"
        "    show(Event('image a', 'progress', 'wheels', 2**20, 2**21, host='here'))\n"
        "    time.sleep(1.1)\n    show(Event('image a', 'done', host='here'))\n"
    )
    code = f"import pty, sys; sys.exit(pty.spawn([sys.executable, '-c', {script!r}]) >> 8)"
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    assert "image a" in done.stdout
    assert "1.0 MiB of 2.0 MiB, wheels" in done.stdout
    last = done.stdout.split("\n")[-2 if done.stdout.endswith("\n") else -1]
    assert "wheels" not in click.unstyle(last.split("\x1b[2K")[-1])
    assert "done   image a  1 s" in click.unstyle(done.stdout)
