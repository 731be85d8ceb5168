"""Settings of the shared connection: kit.yaml comes before the person's own file, and that before ssh's defaults."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import testinfra

from deploy.deployment.way import Way
from deploy.hosts.ssh.connection import Connection, settings_text
from deploy.hosts.ssh.connections import close_connections, connection_to, lent_connections
from deploy.hosts.ssh.transport import backend_of

BOX = Way("ssh", "box", "192.168.1.20", "admin", 2222, "/keys/my key", "gate.example.org")


def test_what_kit_yaml_says_stands_before_the_file_of_the_person(tmp_path: Path) -> None:
    lines = [line.strip() for line in settings_text(BOX, tmp_path / "box").splitlines()]
    assert lines[0] == "Host 192.168.1.20"
    for line in ("User admin", "Port 2222", 'IdentityFile "/keys/my key"', "ProxyJump gate.example.org"):
        assert lines.index(line) < lines.index("Include ~/.ssh/config")
    assert lines[-2:] == ["Include ~/.ssh/config", "Include /etc/ssh/ssh_config"]


def test_a_way_with_an_address_alone_leaves_the_rest_to_ssh(tmp_path: Path) -> None:
    text = settings_text(Way("ssh", "box", "box"), tmp_path / "box")
    assert not {"User", "Port", "IdentityFile", "ProxyJump"}.intersection(text.split())


@pytest.mark.skipif(shutil.which("ssh") is None, reason="needs OpenSSH's client")
def test_ssh_reads_them_so_and_keeps_its_strictness_at_every_hop(tmp_path: Path) -> None:
    connection = Connection(BOX, tmp_path)

    def read_for(host: str) -> set[str]:
        argv = ["ssh", "-F", str(connection.settings), "-G", host]
        return set(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines())

    strict = {"batchmode yes", "stricthostkeychecking true", "forwardagent no", "permitlocalcommand no"}
    own = {"user admin", "port 2222", "identitiesonly yes", "proxyjump gate.example.org"}
    assert strict | own | {f"controlpath {tmp_path}/box", "controlmaster false"} <= read_for("192.168.1.20")
    assert strict <= read_for("gate.example.org")


def test_connections_of_a_run_lie_in_a_folder_of_its_own_that_is_gone_at_the_end() -> None:
    close_connections()
    assert lent_connections() == {}
    first = connection_to(BOX)
    folder = first.settings.parent
    assert connection_to(BOX) is first
    assert (folder.stat().st_mode & 0o777, lent_connections()) == (0o700, {"KIT_CONNECTIONS": str(folder)})
    # The socket's path, and what ssh adds to it while it connects, must fit into 107 characters.
    assert len(f"{folder}/{'x' * 31}") + 17 < 107
    close_connections()
    assert not folder.exists()


@pytest.mark.parametrize("address", ["192.168.1.20", "box.lan", "fd00::20"])
def test_the_checks_go_over_the_same_connection(tmp_path: Path, address: str) -> None:
    backend = testinfra.get_host(backend_of(Way("ssh", "box", address), tmp_path / "box.conf")).backend
    command, words = backend._build_ssh_command("true")
    assert " ".join(command) % tuple(words) == f"ssh -F {tmp_path}/box.conf -o ConnectTimeout=10 {address} true"
