"""An apply that is killed after any step, with its agents, leaves whole releases, and the next one converges."""

from __future__ import annotations

import pytest

from tests.e2e.lab.kill_points import kill_points
from tests.e2e.lab.pair import Pair

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]
EVERY = 7


def test_killed_after_every_seventh_step_the_next_apply_converges(pair: Pair) -> None:
    assert len(list(kill_points(pair, EVERY))) > 2
