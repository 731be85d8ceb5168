"""The start of an agent on a host: the host's own shell and Python carry it out here, without SSH between."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from deploy.agent.contract.verbs import ADDRESSES
from deploy.deployment.way import Way
from deploy.errors import KitError
from deploy.hosts.ssh import bootstrap, greeting
from deploy.hosts.ssh.bootstrap import bootstrap_command, read_greeting
from deploy.hosts.ssh.connection import Session
from deploy.hosts.ssh.greeting import LostError, greeted
from deploy.hosts.wire.agent_zip import agent_zip
from deploy.hosts.wire.answers import read_answer
from deploy.hosts.wire.talking import decode, encode, streams_of

BOX = Way("ssh", "box", "192.168.1.20", "admin")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, as which a host runs the agent")


def session(*argv: str) -> Session:
    return Session(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def says(text: str) -> Session:
    return session("/bin/sh", "-c", text)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bootstrap, "AGENT_FOLDER", str(tmp_path / "agent"))
    return tmp_path / "agent"


@needs_root
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_host_without_the_agent_gets_it_once_and_answers(folder: Path, shell: str) -> None:
    states = []
    for _ in range(2):
        with session(shell, "-c", bootstrap_command(agent_zip(), "addresses")) as agent:
            states.append(greeted(agent, BOX).state)
            writing, reading, _ = streams_of(agent)
            writing.write(encode({}))
            writing.flush()
            answer = read_answer(ADDRESSES, decode(ADDRESSES, 0, reading.read(), b""))
            assert "127.0.0.1" in answer["addresses"]["all"]
    assert states == ["wants", "ready"]
    (placed,) = [path for path in folder.iterdir() if path.suffix == ".pyz"]
    assert (placed.read_bytes(), placed.stat().st_mode & 0o777) == (agent_zip().content, 0o444)


@needs_root
def test_a_host_that_cannot_store_the_agent_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(bootstrap, "AGENT_FOLDER", str(tmp_path / "file" / "agent"))
    stored = pytest.raises(KitError, match=r"cannot be stored on admin@192.168.1.20: .*Not a directory")
    with says(bootstrap_command(agent_zip(), "addresses")) as agent, stored:
        greeted(agent, BOX)


@needs_root
def test_a_user_without_sudo_is_told_what_to_install(folder: Path, tmp_path: Path) -> None:
    assert not folder.exists()
    for name in ("sh", "id", "echo"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    as_nobody = ("setpriv", "--reuid=65534", "--clear-groups", "env", f"PATH={tmp_path}")
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
    told = pytest.raises(KitError, match="is not root, and there is no sudo")
    with session(*as_nobody, "/bin/sh", "-c", bootstrap_command(agent_zip(), "addresses")) as agent, told:
        greeted(agent, BOX)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("kit-agent ready 0 $(date +%s) fedora", "runs fedora; kit deploys to Debian and Ubuntu"),
        ("kit-agent no-python 0 $(date +%s) debian", "has no /usr/bin/python3"),
        ("kit-agent ready 0 $(($(date +%s) - 7200)) debian", "is 120 minutes behind this machine's"),
        ("kit-agent ready 0 $(($(date +%s) + 7200)) debian", "is 120 minutes ahead of this machine's"),
        ("kit-agent what", "this is"),
    ],
)
def test_a_host_that_does_not_fit_is_told_so(told: str, problem: str) -> None:
    with says(f'echo "{told}"; cat >/dev/null') as agent:
        with pytest.raises(KitError) as error:
            greeted(agent, BOX)
        agent.terminate()
    assert problem in f"{error.value.problem}; {error.value.next_step}"


def test_a_host_that_greeted_while_a_person_was_asked_something_has_no_wrong_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with says('echo "kit-agent ready 0 $(date +%s) debian"; cat >/dev/null') as agent:
        later = time.time() + 600
        monkeypatch.setattr(time, "time", lambda: later)
        assert greeted(agent, BOX).state == "ready"
        agent.terminate()


def test_an_old_python_is_told_by_its_version() -> None:
    text = 'echo "kit-agent wants 0 $(date +%s) debian"; read -r program; echo kit-agent old-python 3.7; cat >/dev/null'
    with says(text) as agent:
        with pytest.raises(KitError, match=r"has Python 3.7; kit's agent needs 3.9"):
            greeted(agent, BOX)
        agent.terminate()


def test_lines_of_a_login_shell_are_passed_over() -> None:
    with says('echo "Welcome to box"; echo "kit-agent ready 1000 $(date +%s) ubuntu debian"; cat >/dev/null') as agent:
        assert greeted(agent, BOX).uid == 1000
        agent.terminate()


SUDO = """
printf 'kit-asks-for-the-password-of-sudo' >&2
read -r word
if [ "$word" = sesame ]; then echo "kit-agent ready 1000 $(date +%s) debian"; cat >/dev/null; exit; fi
echo 'Sorry, try again.' >&2
printf 'kit-asks-for-the-password-of-sudo' >&2
read -r word && echo "read again" >/tmp/never
"""
"""A double of sudo that asks as the real one does; the end-to-end tests have the real one."""


def with_password(tmp_path: Path, password: str) -> Way:
    file = tmp_path / "box.sudo"
    file.write_text(password)
    file.chmod(0o600)
    return Way("ssh", f"box-{password}", "192.168.1.20", "admin", sudo_password=f"file:{file}")


def test_sudo_is_answered_when_it_asks(tmp_path: Path) -> None:
    with says(SUDO) as agent:
        assert greeted(agent, with_password(tmp_path, "sesame")).uid == 1000
        agent.terminate()


def test_a_password_that_is_refused_is_tried_once(tmp_path: Path) -> None:
    with says(SUDO) as agent:
        with pytest.raises(KitError, match=r"sudo on admin@192.168.1.20 refused the password"):
            greeted(agent, with_password(tmp_path, "wrong"))
        agent.terminate()


def test_a_user_whom_sudo_does_not_let_is_told_so() -> None:
    refused = pytest.raises(KitError, match="may not use sudo")
    with says("echo 'admin is not in the sudoers file.' >&2; exit 1") as agent, refused:
        greeted(agent, BOX)


def test_a_connection_that_ends_before_the_greeting_was_asked_nothing() -> None:
    with says("exit 255") as agent, pytest.raises(LostError):
        greeted(agent, BOX)


def test_a_host_that_says_nothing_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greeting, "SECONDS", 0.1)
    with says("cat >/dev/null") as agent:
        with pytest.raises(KitError, match="has said nothing"):
            greeted(agent, BOX)
        agent.terminate()


def test_what_is_no_greeting_is_none() -> None:
    assert read_greeting(["ready", "0"]) is None
    assert read_greeting(["ready", "root", "1"]) is None
