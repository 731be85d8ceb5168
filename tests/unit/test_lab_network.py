"""Lab hosts get a network that no route of this machine leads elsewhere with."""

from __future__ import annotations

import ipaddress
import os

import pytest

from tests.e2e.lab.network import CHOICES, free_subnet

SUBNETS = list(CHOICES.subnets(new_prefix=24))
FIRST = SUBNETS[os.getpid() % len(SUBNETS)]


def test_a_bridge_that_an_engine_before_left_behind_is_passed_by() -> None:
    assert free_subnet([]) == FIRST
    assert not free_subnet([FIRST]).overlaps(FIRST)


def test_a_route_to_all_of_them_is_an_error_in_words() -> None:
    with pytest.raises(RuntimeError, match="routes of this machine lead to all of"):
        free_subnet([ipaddress.IPv4Network("10.0.0.0/8")])
