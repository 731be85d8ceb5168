"""Two machines with one repository: the second one takes over on purpose, and the first one is refused from then on."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import observe, read
from tests.unit.agent.backups.conftest import Host, host_in


@pytest.fixture
def second(host: Host, repository: Path, tmp_path: Path) -> Host:
    """Another machine with the same stack, on the repository of the first."""
    second = host_in(tmp_path / "second", repository)
    shutil.rmtree(second.repository)
    second.repository = host.repository
    second.release()
    return second


def test_a_repository_has_one_machine_until_a_person_says_otherwise(host: Host, second: Host) -> None:
    host.back_up()
    with pytest.raises(AgentError, match=f"is another one: {socket.gethostname()}") as failure:
        second.back_up()
    assert "kit destroy" in failure.value.next_step
    assert "kit backup now --take-over" in failure.value.next_step
    assert "is another one" in (observe(second.root)["last"] or {})["problem"]
    assert len(host.listed()["snapshots"]) == 1, "nothing of the second machine is in it"

    second.back_up(takes_over=True)
    second.say("later")
    second.back_up()
    with pytest.raises(AgentError, match="is another one"):
        host.back_up()
    assert len(second.listed()["snapshots"]) == 3


def test_a_watch_before_the_restore_puts_no_empty_stack_in_front_of_the_backup(host: Host, second: Host) -> None:
    taken = host.back_up()["snapshot"]
    with pytest.raises(AgentError, match="is another one"):
        second.back_up(watch_seconds=60)
    assert second.listed("latest")["snapshots"][0]["id"] == taken


def test_a_backup_says_which_machine_took_it(host: Host) -> None:
    host.back_up()
    (snapshot,) = host.listed()["snapshots"]
    assert (snapshot["machine"], snapshot["host"]) == (socket.gethostname(), "home")


def test_a_machine_has_one_name_for_good(host: Host) -> None:
    host.back_up()
    known = read(host.root)["machine"]
    host.back_up()
    assert read(host.root)["machine"] == known
