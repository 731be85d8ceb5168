"""Runs the command line as a person does: the same door, its streams and its exit code."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.line import called
from deploy.cli.main import main
from deploy.stack import HERE
from tests.unit.played import Played


@dataclass(frozen=True)
class Run:
    """Output of a run and its end."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def here(self) -> dict[str, Any]:
        """Part of the document about this machine."""
        here: dict[str, Any] = self.document["hosts"][HERE]
        return here


Kit = Callable[..., Run]


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine's folder for stacks, empty at first: its agent is played in this process."""
    folder = tmp_path / "opt"
    monkeypatch.setattr("deploy.hosts.reach.LocalTransport", lambda: Played(folder))
    return folder


@pytest.fixture
def kit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    """Run `kit WORDS...` in this process."""
    monkeypatch.delenv("KIT_COMMAND", raising=False)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def run(*words: str) -> Run:
        monkeypatch.setattr("sys.argv", ["kit", *words])
        capsys.readouterr()
        code = main(list(words))
        seen = capsys.readouterr()
        return Run(code, seen.out, seen.err)

    yield run
    called()
    for number, handler in before.items():
        signal.signal(number, handler)
