"""Tests of what asks hosts run with a control node that may not look at a host by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.guarding import guarded
from tests.unit.refusing import Refusing
from tests.unit.sending import NODE

UNIT = Path(__file__).parent
ASKING = frozenset({"apply", "chat", "cli", "hosts", "lifecycle", "lock", "plan", "rooms", "test_door.py", "verify"})
"""Folders whose modules ask hosts; what lies left of them is pure, and what lies right of them is the agent."""


@pytest.fixture(autouse=True)
def _sends_files(monkeypatch: pytest.MonkeyPatch) -> None:
    NODE.files.clear()
    NODE.asked.clear()
    NODE.takes_part(monkeypatch)


@pytest.fixture(autouse=True)
def _guarded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.path.relative_to(UNIT).parts[0] not in ASKING:
        yield
        return
    if request.path.relative_to(UNIT).parts[0] != "hosts":
        monkeypatch.setattr("deploy.hosts.reach.LocalTransport", Refusing)
        monkeypatch.setattr("deploy.hosts.ssh.transport.SshTransport", lambda _way: Refusing())
    with guarded(monkeypatch) as found:
        yield
    assert found == []
