"""Words where Docker gives no logs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract import AS_ROOT
from deploy.agent.docker.printed import run
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.errors import KitError
from deploy.hosts.local import LocalTransport
from deploy.lifecycle.logs import Asked, read_logs

PLAIN = {"follow": False, "coloured": False, "prefixed": False}
SAID = "permission denied while trying to connect to the Docker daemon socket"


@pytest.fixture(autouse=True)
def socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine's socket, and a docker command that is refused there."""
    command = tmp_path / "docker"
    command.write_text(f"#!/bin/sh\necho {SAID} >&2\nexit 1\n")
    command.chmod(0o755)
    (tmp_path / "docker.sock").touch()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    return tmp_path / "docker.sock"


@pytest.fixture
def transport(tmp_path: Path) -> LocalTransport:
    """This machine, with an agent in a folder of the test's."""
    return LocalTransport(str(tmp_path / "agent"), sys.executable)


def test_who_may_not_talk_to_docker_is_told_so_and_not_that_the_stack_is_down(
    socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.agent.docker.printed.program", lambda: ["docker", "compose"])
    monkeypatch.setattr("os.access", lambda *_: False)
    asked: Any = {"project": "kit-home", "services": ["main"], "tail": 1, **PLAIN}
    with pytest.raises(AgentError) as caught:
        run(asked, Journal("", ""))
    assert caught.value.problem == f"this user may not talk to Docker at {socket}"
    assert caught.value.next_step == AS_ROOT


def test_a_docker_without_compose_is_told_as_that(socket: Path, transport: LocalTransport) -> None:
    (socket.parent / "docker").write_text("#!/bin/sh\necho 'unknown flag: --ansi' >&2\nexit 125\n")
    with pytest.raises(KitError) as caught:
        read_logs(transport, Asked("home", ("main",), 1, {}))
    assert (caught.value.problem, caught.value.next_step) == ("Docker Compose is not installed", "type: kit apply")


@pytest.mark.parametrize("gone", [True, False])
def test_what_else_docker_says_is_told_as_it_is(gone: bool, socket: Path, transport: LocalTransport) -> None:
    if gone:
        socket.unlink()
    with pytest.raises(KitError) as caught:
        read_logs(transport, Asked("home", ("main",), 1, {}))
    assert (caught.value.problem, caught.value.next_step) == (SAID, "is the stack up? type: kit status")
