"""Nothing to do, over ways of 26 and 370 ms: the time that it takes, and the round trips."""

from __future__ import annotations

from statistics import median

from tests.e2e.lab.far_away import nothing_to_do
from tests.e2e.lab.pair import Pair

ROUND_TRIPS = (0, 0.026, 0.370)


def far(pair: Pair, times: int) -> str:
    """Apply nothing N times over a short, a long and a very long way; tell the time and the round trips."""
    said = []
    for seconds in ROUND_TRIPS:
        seen = [nothing_to_do(pair, seconds) for _ in range(times)]
        told = f"{seconds * 1000:.0f} ms: {median(one.seconds for one in seen):.2f} s, {max(one.turns for one in seen)}"
        said.append(f"{told} round trips, `ssh true` {max(one.ssh_turns for one in seen)}")
        print(f"  {said[-1]}", flush=True)
    return "; ".join(said)
