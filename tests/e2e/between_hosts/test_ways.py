"""A box is reached as a person's ssh reaches it: with keys of an agent, through another box, with a typed password."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.lab.pair import Pair
from tests.e2e.lab.person import PASSWORD, USER
from tests.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]
PLAN = ("plan", "--host", "box", "--json")


def test_the_keys_of_an_agent_open_a_box_behind_another_one(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(spec: dict[str, Any]) -> None:
        box = spec["hosts"]["box"]
        del box["identity"]
        box["jump"] = f"{USER}@{pair.desk.address}"

    place = tmp_path / "agent"
    monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
    with (
        subprocess.Popen(["ssh-agent", "-D", "-a", str(place)], stdout=subprocess.DEVNULL) as agent,
        pair.changed(change),
    ):
        try:
            wait_until(place.exists, "the agent of keys is up")
            for host in pair.hosts.values():
                subprocess.run(["ssh-add", "-q", str(host.folder / "key")], check=True)
            assert "box" in pair.person.kit(*PLAN).document["hosts"]
        finally:
            agent.terminate()
    accepted = [
        line for line in pair.box.read("journalctl", "--no-pager", "-t", "sshd").splitlines() if "Accepted" in line
    ]
    assert f"from {pair.desk.address} " in accepted[-1]


def test_a_password_for_sudo_is_asked_for_once(pair: Pair) -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["hosts"]["box"]["sudo_password"] = "prompt"

    terminal, its_end = pty.openpty()
    try:
        with pair.changed(change), pair.person.running(*PLAN, stdin=its_end) as process:
            assert process.stderr is not None
            asked = ""
            # What was typed before the question is thrown away.
            while not asked.endswith("for sudo: ") and (more := process.stderr.read(1)):
                asked += more
            os.write(terminal, f"{PASSWORD}\n".encode())
            out, err = process.communicate(timeout=300)
    finally:
        os.close(terminal)
        os.close(its_end)
    assert process.returncode == 0, err
    assert asked == f"Password of {USER}@{pair.box.address} for sudo: "
    assert "for sudo: " not in err
    assert PASSWORD not in out + err
