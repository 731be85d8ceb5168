"""One box of three loses its power after an apply's steps, one run for each, until a run ends by itself."""

from __future__ import annotations

from tests.e2e.lab.deaths import deaths_of
from tests.e2e.lab.pair import Pair


def deaths(pair: Pair, every: int) -> str:
    """Let one of three boxes lose its power after each N-th step; the next apply converges."""
    dead = 0
    for step, said in deaths_of(pair, every):
        dead += 1
        print(f"  dead after step {step}, and converged: {said}", flush=True)
    return f"{dead} dead and converged"
