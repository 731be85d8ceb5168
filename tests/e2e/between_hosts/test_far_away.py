"""A box behind a slow network: nothing to do takes two round trips more than a command over ssh."""

from __future__ import annotations

import pytest

from tests.e2e.lab.far_away import nothing_to_do
from tests.e2e.lab.pair import Pair

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]
SECONDS = 0.370
"""Delay of a satellite."""
MOST = 2


def test_nothing_to_do_takes_at_most_two_round_trips_more_than_a_command_over_ssh(pair: Pair) -> None:
    far = nothing_to_do(pair, SECONDS)

    assert far.turns <= far.ssh_turns + MOST, far
