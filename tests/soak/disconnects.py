"""A box is cut off the network after an apply's steps, one run for each, until a run ends by itself."""

from __future__ import annotations

from tests.e2e.lab.cut_points import cut_points
from tests.e2e.lab.pair import Pair


def disconnects(pair: Pair, every: int) -> str:
    """Cut one of two boxes off the network after each N-th step; the next apply converges."""
    cut = 0
    for step, said in cut_points(pair, every):
        cut += 1
        print(f"  cut off after step {step}, and converged: {said}", flush=True)
    return f"{cut} cut off and converged"
