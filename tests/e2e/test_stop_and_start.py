"""A stopped service stays stopped until start, and everybody is told."""

from __future__ import annotations

import pytest

from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e


def test_a_stopped_service_stays_stopped_until_start_and_the_plan_shows_it(stack: Stack) -> None:
    before = stack.service("main")

    stack.kit("stop", "main", "--json")
    assert stack.service("main").state == "exited"
    assert stack.plan() == [("start", "service main")]
    assert stack.kit("status", "--json", "--check", code=3).here["services"]["main"]["stopped"]

    stack.kit("start", "main", "--json")
    assert stack.service("main").id == before.id
    assert stack.service("main").health == "healthy"
    assert stack.is_settled


def test_a_service_that_does_not_exist_is_named_and_nothing_is_stopped(stack: Stack) -> None:
    before = stack.containers()

    said = stack.kit("stop", "litelm", code=2).err

    assert "litelm" in said
    assert "litellm" in said
    assert stack.containers() == before
