"""An apply over boxes is interrupted after each of its steps, one run for each, until a run ends by itself."""

from __future__ import annotations

from collections.abc import Iterable

from tests.e2e.lab.cut_points import cut_points
from tests.e2e.lab.deaths import deaths_of
from tests.e2e.lab.kill_points import kill_points
from tests.e2e.lab.pair import Pair


def steps(pair: Pair, every: int) -> str:
    """Kill an apply over two boxes after each N-th step; the next one converges."""
    return _counted("killed", ((step, "") for step in kill_points(pair, every)))


def disconnects(pair: Pair, every: int) -> str:
    """Cut one of two boxes off the network after each N-th step; the next apply converges."""
    return _counted("cut off", cut_points(pair, every))


def deaths(pair: Pair, every: int) -> str:
    """Let one of three boxes lose its power after each N-th step; the next apply converges."""
    return _counted("dead", deaths_of(pair, every))


def _counted(what: str, points: Iterable[tuple[int, str]]) -> str:
    """Print each step and what was said of it; return how many there were."""
    number = 0
    for number, (step, said) in enumerate(points, 1):  # noqa: B007 - the last one is the count
        print(f"  {what} after step {step}, and converged{said and ': '}{said}", flush=True)
    return f"{number} {what} and converged"
