"""A signal ends the agent at once, or after the step that would leave a service down."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError, Interrupted
from deploy.agent.interrupts import SIGNALS, listen, shielded
from deploy.agent.journal import Journal
from deploy.agent.releases.standing import standing
from tests.unit.agent.data.places import SERVICE

QUIET = Journal("", "")


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    listen()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def tell(number: int) -> None:
    os.kill(os.getpid(), number)
    # A handler runs between two instructions.
    time.sleep(0)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_obeyed_at_once(number: int) -> None:
    with pytest.raises(Interrupted) as stop:
        tell(number)
    assert stop.value.exit_code == 128 + number


def test_a_signal_waits_for_the_end_of_what_is_shielded_and_the_first_one_counts() -> None:
    done = []

    def work() -> None:
        with shielded():
            with shielded():
                tell(signal.SIGHUP)
                done.append("inner")
            tell(signal.SIGTERM)
            done.append("outer")

    with pytest.raises(Interrupted) as stop:
        work()
    assert done == ["inner", "outer"]
    assert stop.value.exit_code == 128 + signal.SIGHUP


def test_a_failure_under_the_shield_is_told_as_it_is() -> None:
    def work() -> None:
        with shielded():
            tell(signal.SIGHUP)
            raise AgentError("no disk")

    with pytest.raises(AgentError, match="no disk"):
        work()


class Containers(Docker):
    """A Docker with one container in a state."""

    def __init__(self, state: str) -> None:
        super().__init__("/nowhere.sock")
        self.state = state
        self.started: list[str] = []

    def containers(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        labels = {"kit.stack": "home", "kit.service": SERVICE}
        return [{"Id": "c1", "State": self.state, "Created": 1, "Labels": labels}]

    def start(self, name: str) -> None:
        self.started.append(name)


@pytest.mark.parametrize(("state", "started"), [("exited", ["c1"]), ("created", ["c1"]), ("running", [])])
def test_an_interrupted_run_starts_what_it_left_stopped(tmp_path: Path, state: str, started: list[str]) -> None:
    docker = Containers(state)
    with pytest.raises(Interrupted), standing(docker, tmp_path, "home", [SERVICE], QUIET):
        tell(signal.SIGHUP)
    assert docker.started == started


def test_what_was_to_be_stopped_stays_stopped(tmp_path: Path) -> None:
    docker = Containers("exited")
    with pytest.raises(Interrupted), standing(docker, tmp_path, "home", [], QUIET):
        tell(signal.SIGHUP)
    assert docker.started == []
