"""A stack that goes away leaves its data, until somebody says that the data shall go too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.place import Document
from tests.e2e.stack import Stack, docker_client
from tests.e2e.webui import Person

pytestmark = pytest.mark.e2e

TITLE = "what the harbour master said"


def test_down_and_destroy_keep_the_chats_and_apply_brings_them_back(stack: Stack) -> None:
    password = stack.secret("webui_admin_password")
    chat = Person(stack).write_chat("Granary", "The old granary has a new roof.")

    stack.kit("down", "--json")
    assert stack.containers() == {}
    assert networks(stack) == []
    assert database(stack)

    stack.kit("destroy", "--yes", "--json")
    assert not (stack.root / "releases").exists()
    assert database(stack)

    stack.apply()
    assert stack.secret("webui_admin_password") == password
    assert "new roof" in Person(stack).chat_text(chat)


def test_a_stack_under_another_name_takes_its_chats_along(stack: Stack, renamed: Stack) -> None:
    chat = Person(stack).write_chat(TITLE, "the tide turns at seven")
    password = stack.secret("webui_admin_password")
    # Both names publish on the same ports.
    stack.kit("down")

    def write(spec: Document) -> None:
        spec["stack"] = renamed.name

    with stack.place.changed(write):
        (refusal,) = renamed.kit("plan", "--json", code=1).here["refusals"]
        assert f"this kit.yaml was applied here as the stack {stack.name}" in refusal["problem"]
        assert "chat" in refusal["problem"]

        renamed.apply("--data", "move")
        assert TITLE in Person(renamed, password).chats().values()
        assert "the tide turns at seven" in Person(renamed, password).chat_text(chat)
        assert renamed.is_settled
        renamed.destroy()
    assert database(stack), "the former name has all of its own still"


def test_destroy_with_its_data_leaves_nothing(stack: Stack) -> None:
    stack.kit("destroy", "--data", "--yes", "--json", code=2)
    stack.kit("destroy", "--data", "--confirm", "quickstart", "--json", code=2)
    assert database(stack), "nobody typed this stack's name"

    stack.destroy()

    assert stack.containers() == {}
    assert networks(stack) == []
    assert not stack.root.exists()
    assert not stack.data.exists()


@pytest.fixture
def renamed(stack: Stack) -> Iterator[Stack]:
    """The same place under another name; nothing of that name stays."""

    class Renamed(Stack):
        name = f"{stack.name}-house"
        root = stack.root.with_name(name)
        data = stack.data.with_name(name)

    found = Renamed(stack.place, stack.evidence)
    yield found
    if found.root.exists():
        with found.place.changed(lambda spec: spec.update(stack=found.name)):
            found.destroy()


def database(stack: Stack) -> bool:
    """True if the chats are there."""
    return any(path.stat().st_size for path in stack.data.rglob("webui.db"))


def networks(stack: Stack) -> list[str]:
    """Return the stack's networks."""
    with docker_client() as client:
        return [
            one.name or ""
            for one in client.networks.list(filters={"label": f"com.docker.compose.project=kit-{stack.name}"})
        ]
