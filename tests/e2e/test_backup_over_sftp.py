"""A repository on another machine: made, written and restored over its sshd, and refused if it shows another key."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.backups.remote_room import remote_free_bytes
from deploy.agent.backups.sftp import options
from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import observe
from tests.e2e.lab.host import LabHost, lab_host
from tests.unit.agent.backups.conftest import Host, host, repository  # noqa: F401
from tests.unit.agent.backups.test_sftp import KEY, with_repository

pytestmark = [pytest.mark.docker, pytest.mark.e2e]


@pytest.fixture
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabHost]:
    """A machine with nothing but sshd."""
    with lab_host("bookworm", "init", tmp_path_factory.mktemp("box")) as started:
        yield started


def test_backups_go_to_another_machine_and_come_back(host: Host, box: LabHost, tmp_path: Path) -> None:  # noqa: F811
    place, key = f"sftp:root@{box.address}:/srv/backups/home", str(box.folder / "key")
    backup = with_repository(host, place, identity=key, host_key=box.shown_key)
    answer = host.back_up()
    assert answer["made"]
    assert answer["same_disk"] == []
    assert box.read("ls", "/srv/backups/home/config")
    host.say("second")
    host.back_up()
    assert len(host.listed()["snapshots"]) == 2
    # Before it sends a model, the host asks how much fits there.
    there = int(box.read("df", "--output=avail", "--block-size=1", "/srv/backups/home").split()[-1])
    free = remote_free_bytes(place, options(host.root, place, backup["ssh"]))
    assert free == pytest.approx(there, rel=0.2)

    # Gone with its disk, it is never made anew.
    box.read("mv", "/srv/backups/home", "/srv/backups/unmounted")
    with pytest.raises(AgentError, match="is gone"):
        host.back_up()
    assert box.run("ls", "/srv/backups/home").returncode
    box.read("mv", "/srv/backups/unmounted", "/srv/backups/home")

    with_repository(host, place, identity=key, host_key=KEY)
    with pytest.raises(AgentError, match="its SSH key is unknown here"):
        host.back_up()
    with_repository(host, place, identity=str(shutil.copy(box.folder / "known_hosts", tmp_path)))
    with pytest.raises(AgentError, match=r"its SSH key is unknown here|does not let root"):
        host.back_up()

    # A machine that is off.
    with_repository(host, place, identity=key, host_key=box.shown_key)
    subprocess.run(["docker", "stop", "--time", "1", box.name], check=True, capture_output=True)
    with pytest.raises(AgentError, match=f"{box.address}, which has the repository: it does not answer"):
        host.back_up()
    assert "it does not answer" in observe(host.root)["runs"]["daily"]["problem"]
