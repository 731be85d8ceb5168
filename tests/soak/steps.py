"""An apply over two boxes is killed after each of its steps, one run for each, until a run ends by itself."""

from __future__ import annotations

from tests.e2e.lab.kill_points import kill_points
from tests.e2e.lab.pair import Pair


def steps(pair: Pair, every: int) -> str:
    """Kill an apply over two boxes after each N-th step; the next one converges."""
    killed = 0
    for step in kill_points(pair, every):
        killed += 1
        print(f"  killed after step {step}, and converged", flush=True)
    return f"{killed} killed and converged"
