"""A pytest plugin for the checks' own process: its one host is played, and all else that is local is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.guarding import GUARD, guarded
from tests.unit.played import Played

KIT, FOUND = "KIT_TESTS_PLAYED", "KIT_TESTS_FOUND"
"""Variables with the folder of the played host, and the file for what the checks did by themselves."""


class Silent(Played):
    """A host whose Docker does not answer, and that starts no program."""

    @property
    def backend(self) -> str:
        return "local://"

    @contextmanager
    def forward_socket(self, path: str) -> Iterator[str]:
        GUARD.forwarded.add(path)
        yield path


@pytest.fixture(scope="session", autouse=True)
def _guarded() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, guarded(patch) as found:
        yield
        Path(os.environ[FOUND]).write_text(json.dumps(found))


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Play the host before the checks' own plugin asks it."""
    pytest.MonkeyPatch().setattr("deploy.hosts.reach.LocalTransport", lambda: Silent(Path(os.environ[KIT])))
