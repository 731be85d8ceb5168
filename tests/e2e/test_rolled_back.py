"""A change that does not get healthy is rolled back, and the reason is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.place import Document
from tests.e2e.stack import Seen, Stack
from tests.e2e.webui import Person

pytestmark = pytest.mark.e2e

# Of an engine, that says within a second what it thinks of it.
BROKEN_FILE = "{% raw %}{% for message in %}{% endraw %}\n"


def test_a_file_that_breaks_the_engine_is_rolled_back(stack: Stack) -> None:
    before, release = stack.containers(), stack.release

    with stack.place.overridden("llama_cpp/chat_template.jinja.j2", BROKEN_FILE):
        error = stack.apply(code=1).document["error"]

    assert_as_before(stack, before, "main")
    assert stack.release == release
    assert "main" in error["problem"]
    assert release.name[:12] in error["problem"]
    assert "template" in error["problem"], "its last lines belong to the story"
    kept = next(Path(word) for word in error["next"].replace(";", " ").split() if word.startswith("/opt/kit"))
    shown = [line[2:] for line in error["problem"].splitlines() if line.startswith("  ")]
    assert shown
    assert set(shown) <= set(kept.read_text().splitlines())
    assert f"kit apply {stack.place.spec_path}`" in error["next"]
    assert stack.is_settled


def test_a_memory_limit_that_is_too_small_is_rolled_back(stack: Stack) -> None:
    before, release = stack.containers(), stack.release

    def too_small(spec: Document) -> None:
        spec["engines"][0]["memory"] = "16MiB"

    with stack.place.changed(too_small):
        error = stack.apply(code=1).document["error"]

    assert_as_before(stack, before, "main")
    assert stack.release == release
    assert "main" in error["problem"]
    assert "exit code 137" in error["problem"]
    assert "memory limit of 16 MiB; raise `memory` of main" in error["problem"]
    assert stack.is_settled


def test_the_stack_still_answers(stack: Stack) -> None:
    assert Person(stack).answer("One and one make")["choices"]


def assert_as_before(stack: Stack, before: dict[str, Seen], touched: str) -> None:
    """Expect one service to run again as it did, and the others untouched."""
    after = stack.containers()
    assert {name for name in after if after[name] == before[name]} == set(before) - {touched}
    assert (after[touched].health, after[touched].image) == ("healthy", before[touched].image)
    assert after[touched].inspect["HostConfig"]["Memory"] == stack.decided(touched)["memory_bytes"]
