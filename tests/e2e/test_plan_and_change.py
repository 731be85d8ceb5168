"""A plan says exactly what an apply then does."""

from __future__ import annotations

import pytest

from tests.e2e.place import Document
from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e


def test_a_changed_timeout_recreates_the_gateway_alone_as_the_plan_said(stack: Stack) -> None:
    before = stack.containers()
    stack.place.change(wait_longer)

    planned = [operation for operation in stack.plan() if operation[1].startswith("service ")]
    applied = stack.apply().here
    after = stack.containers()

    assert planned == [("recreate", "service litellm")]
    assert [(one["action"], one["resource"]) for one in applied["plan"]["operations"]][-1:] == planned
    assert [name for name in after if after[name].id != before[name].id] == ["litellm"]
    assert {name for name in after if after[name] == before[name]} == {"main", "open_webui"}


def test_a_file_that_says_the_same_in_other_words_changes_nothing(stack: Stack) -> None:
    before = stack.place.spec_path.read_text()
    stack.place.spec_path.write_text(f"# In other words.\n{before}\nproxy: null\n")

    assert stack.plan() == []


def wait_longer(spec: Document) -> None:
    """Ask the gateway for more patience."""
    spec["gateway"]["request_timeout"] = "7m"
