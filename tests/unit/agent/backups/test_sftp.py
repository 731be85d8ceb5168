"""A repository on another machine that does not answer, with the real restic and the real ssh."""

from __future__ import annotations

import json
import shlex
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups import sftp
from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import observe
from tests.unit.agent.backups.conftest import RELEASE, Host

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0x8LkF5mN2qRz1uV7wYbQe4tHsGdPcXo6iKaMnBvWl"


def with_repository(host: Host, repository: str, **way: Any) -> Any:
    """Let the release have a repository over sftp; return its backup."""
    path = host.root / "releases" / RELEASE / "backup.json"
    ssh = {"port": None, "identity": None, "host_key": None, **way}
    backup = {**json.loads(path.read_text()), "repository": repository, "ssh": ssh}
    path.write_text(json.dumps(backup))
    return backup


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("identity", [None, "/root/.ssh/backup", "/root/my keys, old/id"])
def test_a_machine_that_does_not_answer_fails_the_backup_in_words_of_its_own(
    host: Host, closed_port: int, identity: str | None
) -> None:
    with_repository(host, "sftp:kit@127.0.0.1:/backups/home", port=closed_port, identity=identity)
    with pytest.raises(
        AgentError, match=r"127\.0\.0\.1, which has the repository: it does not answer .*refused"
    ) as failure:
        host.back_up()
    assert "switch it on" in failure.value.next_step
    assert "does not answer" in (observe(host.root)["last"] or {})["problem"]
    assert observe(host.root)["good"] is None
    with pytest.raises(AgentError, match="it does not answer"):
        host.listed()


def test_ssh_asks_nobody_and_takes_no_key_that_kit_yaml_does_not_name(host: Host) -> None:
    backup = with_repository(host, "sftp:kit@nas:/k", identity="/root/my keys/id", host_key=KEY)
    _, option = sftp.options(host.root, backup["repository"], backup.get("ssh"))
    words = shlex.split(option.removeprefix("sftp.command="))
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes"} <= {*words}
    assert "-p" not in words
    settings = subprocess.run(
        ["ssh", "-G", *words[1:-2]], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert {"user kit", "hostname nas", "port 22", "identityfile /root/my keys/id"} <= {*settings}
    assert words[-3:] == ["kit@nas", "-s", "sftp"]
    (known,) = [word.partition("=")[2] for word in words if word.startswith("UserKnownHostsFile=")]
    assert Path(known).read_text() == f"kit-backup {KEY}\n"
    backup = with_repository(host, "sftp:kit@nas:/k", port=2222)
    _, option = sftp.options(host.root, backup["repository"], backup["ssh"])
    assert shlex.split(option.removeprefix("sftp.command="))[1:3] == ["-p", "2222"]
    backup["repository"] = "/mnt/disk2/kit"
    assert sftp.options(host.root, backup["repository"], backup.get("ssh")) == ()
