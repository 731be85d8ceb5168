"""The first command of a run opens the shared connection; a program in ssh's place counts how often one is started."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.agent.contract.envelope import Request
from deploy.agent.contract.verbs import ADDRESSES, RELAY
from deploy.deployment.way import Way
from deploy.errors import KitError, UnreachableError
from deploy.hosts.ssh import multiplex
from deploy.hosts.ssh.connection import Connection, Session
from deploy.hosts.ssh.connections import close_connections
from deploy.hosts.ssh.transport import SshTransport
from tests.waiting import wait_until

BOX = Way("ssh", "box", "192.168.1.20", "admin")
ASKED: Request = {}
SSH = """#!/bin/sh
echo "$*" >>"{folder}/started"
cat "{folder}/words" >&2
exit 255
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder with the words of an ssh that cannot connect."""
    close_connections()
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    yield tmp_path
    close_connections()


def started(folder: Path) -> list[str]:
    return (folder / "started").read_text().splitlines()


@pytest.mark.parametrize(
    ("words", "kind", "problem", "times"),
    [
        ("admin@192.168.1.20: Permission denied (publickey).", KitError, "refuses every SSH key", 1),
        ("ssh: connect to host 192.168.1.20 port 22: Connection timed out", UnreachableError, "does not answer", 1),
        ("ssh: Could not resolve hostname box: Temporary failure in name resolution", KitError, "no address", 2),
        ("No ED25519 host key is known for 192.168.1.20 and you have requested", KitError, "is not known here", 2),
    ],
)
def test_a_host_that_cannot_be_reached_is_asked_no_more_often_than_its_error_needs(
    ssh: Path, words: str, kind: type[KitError], problem: str, times: int
) -> None:
    (ssh / "words").write_text(f"{words}\n")
    with pytest.raises(kind, match=problem):
        SshTransport(BOX).call(ADDRESSES, ASKED)
    assert len(started(ssh)) == times
    first = started(ssh)[0]
    assert "ControlMaster=yes" in first
    assert "kit-agent" in first


def test_what_hinders_a_start_ahead_is_told_when_the_host_is_asked_and_costs_no_second_try(ssh: Path) -> None:
    (ssh / "words").write_text("ssh: connect to host 192.168.1.20 port 22: Connection refused\n")
    transport = SshTransport(BOX)
    with transport.ahead(ADDRESSES), pytest.raises(KitError, match="refuses connections"):
        transport.call(ADDRESSES, ASKED)
    assert len(started(ssh)) == 1


@pytest.mark.parametrize("ask", [lambda t: t.agent_path, lambda t: t.call(RELAY, ASKED), lambda t: t.connection])
def test_another_question_waits_for_the_start_ahead_and_costs_no_second_try(
    ssh: Path, ask: Callable[[SshTransport], object]
) -> None:
    # A host that is off takes a timeout, which nobody waits for twice.
    (ssh / "words").write_text("ssh: connect to host 192.168.1.20 port 22: Connection timed out\n")
    transport = SshTransport(BOX)
    with transport.ahead(ADDRESSES), pytest.raises(UnreachableError, match="does not answer"):
        ask(transport)
    assert len(started(ssh)) == 1


SUDO = """#!/bin/sh
case "$*" in *"-O exit"*) exit ;; esac
mkdir "{folder}/asking" 2>/dev/null || {{ echo 'sudo waits for another sudo' >&2; exit 1; }}
printf 'kit-asks-for-the-password-of-sudo' >&2
read -r word
rmdir "{folder}/asking"
echo "kit-agent ready 1000 $(date +%s) debian"
read -r request
echo '{{"format": 1, "addresses": {{"lan": [], "all": ["'"$word"'"]}}}}'
"""
"""A sudo that asks one at a time, as the real one does for the sessions of one connection."""


def test_two_sudos_of_a_connection_ask_for_the_password_one_after_the_other(ssh: Path) -> None:
    password = ssh / "box.sudo"
    password.write_text("sesame")
    password.chmod(0o600)
    (ssh / "bin" / "ssh").write_text(SUDO.format(folder=ssh))
    transport = SshTransport(replace(BOX, name="asking", sudo_password=f"file:{password}"))
    with transport.ahead(ADDRESSES):
        # The first one waits for its password as soon as it has started.
        wait_until((ssh / "asking").is_dir, "sudo asks")
        assert transport.agent_path
        answers = [transport.call(ADDRESSES, ASKED) for _ in range(2)]
    assert [answer["addresses"]["all"] for answer in answers] == [["sesame"]] * 2


def test_a_host_that_is_asked_again_is_tried_again(ssh: Path) -> None:
    (ssh / "words").write_text("ssh: connect to host 192.168.1.20 port 22: Connection timed out\n")
    transport = SshTransport(BOX)
    with transport.ahead(ADDRESSES):
        with pytest.raises(UnreachableError, match="does not answer"):
            assert transport.agent_path
        with pytest.raises(UnreachableError, match="does not answer"):
            transport.call(ADDRESSES, ASKED)
    assert len(started(ssh)) == 2


def test_a_start_ahead_that_nobody_asks_is_gone_at_the_end(ssh: Path) -> None:
    (ssh / "words").write_text("")
    (ssh / "bin" / "ssh").write_text("#!/bin/sh\nexec sleep 600\n")
    transport = SshTransport(BOX)
    with transport.ahead(ADDRESSES):
        (session,) = transport._ahead.values()
        assert session.poll() is None
    assert session.poll() is not None


def test_a_socket_that_is_cleared_away_while_its_opener_still_runs_stops_no_other_command(
    ssh: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of a user who signs out, systemd removes all that lies in memory.
    (ssh / "bin" / "ssh").write_text("#!/bin/sh\nexec sleep 600\n")
    folder = tmp_path_factory.mktemp("connections")
    connection, begun = Connection(BOX, folder), list[Session]()
    begun.append(connection.session("follow the logs"))
    monkeypatch.setattr(multiplex, "is_alive", Path.exists)
    (folder / BOX.name).touch()
    begun.append(connection.session("look"))
    (folder / BOX.name).unlink()
    asking = threading.Thread(target=lambda: begun.append(connection.session("look again")), daemon=True)
    asking.start()
    asking.join(5)
    is_started = not asking.is_alive()
    for session in begun:
        session.kill()
        with session:
            pass
    assert is_started, "waits for a socket that nobody makes any more"
