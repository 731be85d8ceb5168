"""A box is cut off the network after an apply's step 1, 2, 3, …: no mixed state, and the next apply converges."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from deploy.hosts.wire.holding import SILENCE_SECONDS
from tests.e2e.lab.kill_points import has_told, points
from tests.e2e.lab.pair import APPLY, Pair
from tests.e2e.lab.stack_on import holder
from tests.waiting import wait_until

LONGEST_SECONDS = 300


def cut_points(pair: Pair, every: int) -> Iterator[tuple[int, str]]:
    """Cut the desk off after each so-many-th step and let the next apply converge; yield the step and what was said."""
    return points(pair, every, partial(cut_after, pair))


def cut_after(pair: Pair, step: int) -> str:
    """Apply, and cut the desk off once so many steps were told; return the error, empty if the apply ended before."""
    with pair.person.running(*APPLY) as process:
        if not has_told(process, step) or process.poll() is not None:
            return ""
        with pair.cut_off(pair.desk):
            out, err = process.communicate(timeout=LONGEST_SECONDS)
            wait_until(
                lambda: not holder(pair.desk),
                "the cut frees it",
                SILENCE_SECONDS * 2,
                saw=lambda: holder(pair.desk),
            )
    if process.returncode == 0:
        return ""
    assert process.returncode == 1, out + err
    assert "desk: " in err + out
    return next(line for line in err.splitlines() if line.startswith("error: "))
