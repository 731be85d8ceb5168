"""An apply over two hosts is killed after its step 1, 2, 3, … with the agents that it has there, until a run ends."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from tests.e2e.lab.host import LabHost
from tests.e2e.lab.pair import APPLY, NOTHING, Pair
from tests.e2e.lab.stack_on import broken_files, holder, is_busy, release
from tests.e2e.processes import kill
from tests.waiting import COSTLY_LOOK_SECONDS, wait_until

LONGEST_SECONDS = 180


def kill_points(pair: Pair, every: int) -> Iterator[int]:
    """Kill an apply after each so-many-th step and let the next one converge; yield the steps that were reached."""
    for step in count(every, every):
        with pair.changed(change(step)):
            was_reached = killed_after(pair, step)
            for host in pair.hosts.values():
                ensure_whole(host)
            pair.apply()
            if not was_reached:
                assert pair.apply() == NOTHING
                return
        yield step


def points(pair: Pair, every: int, interrupted: Callable[[int], str], *more: LabHost) -> Iterator[tuple[int, str]]:
    """Interrupt an apply after each so-many-th step and let the next one converge; yield the step and what was said.

    Args:
        pair: The stack on two boxes.
        every: Number of steps from one interruption to the next.
        interrupted: Applies, and interrupts after so many steps; returns the error, empty if the apply ended before.
        more: Boxes of the stack beside the two.
    """
    for step in count(every, every):
        with pair.changed(change(step)):
            said = interrupted(step)
            for host in (*pair.hosts.values(), *more):
                ensure_whole(host)
            pair.apply()
            assert not any(pair.apply().values())
            assert pair.answer()
        if not said:
            return
        yield step, said


def change(number: int) -> Callable[[dict[str, Any]], None]:
    """Let there be something to do on both boxes."""

    def with_number(spec: dict[str, Any]) -> None:
        for engine in spec["engines"]:
            engine["keep_alive"] = f"{number + 20}m"

    return with_number


def killed_after(pair: Pair, step: int) -> bool:
    """Apply, and kill everything of it once it has told so many steps; return False if it ended before."""
    with pair.person.running(*APPLY) as process:
        if not has_told(process, step):
            return False
        kill(process.pid, with_all=True)
        for host in pair.hosts.values():
            host.run("pkill", "-KILL", "-f", "/opt/kit/agent/")
    return True


def has_told(process: subprocess.Popen[str], step: int) -> bool:
    """Wait until a run has told so many steps; return False if it ended before."""
    assert process.stderr is not None
    return any(number == step for number, _ in enumerate(process.stderr, 1))


def ensure_whole(host: LabHost) -> None:
    """Expect that the release that runs, and each other one, is all there."""
    wait_until(
        lambda: not is_busy(host),
        "what was left of the run has ended",
        LONGEST_SECONDS,
        saw=lambda: holder(host),
        pause=COSTLY_LOOK_SECONDS,
    )
    assert broken_files(host) == []
    host.read("test", "-f", f"/opt/kit/lab/{release(host)}/manifest.json")
