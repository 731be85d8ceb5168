"""A stack that goes away leaves its data, until somebody says that the data shall go too."""

from __future__ import annotations

import pytest

from tests.e2e.stack import Stack, docker_client
from tests.e2e.webui import Person

pytestmark = pytest.mark.e2e


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


def test_destroy_with_its_data_leaves_nothing(stack: Stack) -> None:
    stack.kit("destroy", "--data", "--yes", "--json", code=2)
    stack.kit("destroy", "--data", "--confirm", "quickstart", "--json", code=2)
    assert database(stack), "nobody typed this stack's name"

    stack.destroy()

    assert stack.containers() == {}
    assert networks(stack) == []
    assert not stack.root.exists()
    assert not stack.data.exists()


def database(stack: Stack) -> bool:
    """Whether the chats are there."""
    return any(path.stat().st_size for path in stack.data.rglob("webui.db"))


def networks(stack: Stack) -> list[str]:
    """Return the stack's networks."""
    with docker_client() as client:
        return [
            one.name or ""
            for one in client.networks.list(filters={"label": f"com.docker.compose.project=kit-{stack.name}"})
        ]
