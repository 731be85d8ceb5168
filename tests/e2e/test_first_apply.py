"""On a machine without the stack, one command brings it up, proves it, and says where to click."""

from __future__ import annotations

import pytest

from tests.e2e.stack import Stack
from tests.e2e.webui import Person

pytestmark = pytest.mark.e2e


def test_one_command_brings_the_stack_up_and_says_where_to_click(stack_up: Stack) -> None:
    if stack_up.root.exists():
        pytest.skip("a kept stack was taken over (KIT_KEEP)")
    said = stack_up.kit("apply").out

    services = stack_up.containers()
    assert {name: one.health for name, one in services.items()} == dict.fromkeys(stack_up.ports, "healthy")
    assert services["open_webui"].address in said
    assert Person.email in said
    assert f"secret show webui_admin_password {stack_up.place.spec_path}" in said
    assert "no backups" in said
    assert str(stack_up.data / "open_webui") in said


def test_the_printed_place_of_the_password_holds_it_for_root_alone(stack: Stack) -> None:
    secret = stack.root / "secrets" / "open_webui" / "webui_admin_password"

    assert secret.read_text() == stack.secret("webui_admin_password")
    assert (secret.stat().st_uid, oct(secret.stat().st_mode & 0o777)) == (0, "0o400")


def test_ports_are_open_where_the_spec_says_and_on_this_machine_alone(stack: Stack) -> None:
    published = {name: one.ports for name, one in stack.containers().items()}

    assert published == {name: (f"127.0.0.1:{port}",) for name, port in stack.ports.items()}


def test_status_says_what_runs_and_that_nothing_saves_the_chats(stack: Stack) -> None:
    ran = stack.kit("status", "--json")
    status = ran.here

    assert status["verified"]
    assert not status["drift"]
    assert {name: one["health"] for name, one in status["services"].items()} == dict.fromkeys(stack.ports, "healthy")
    assert ran.document["backups"]
    assert status["data"] == {"open_webui": str(stack.data / "open_webui" / "data")}
