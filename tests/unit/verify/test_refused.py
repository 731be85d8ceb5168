"""The checks run with a host that is played: they open nothing of this machine by themselves."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from deploy.deployment.host import Deployment
from deploy.deployment.way import Way
from deploy.verify.decided import write_deployment
from deploy.verify.run import check_argv, check_environment
from tests.tree import REPOSITORY
from tests.unit.rooms.places import chain
from tests.unit.verify.refused import FOUND, KIT

PLANTED = """
def test_planted(evidence):
    module = {{"__name__": "deploy.verify.planted", "kit": evidence.transport.kit}}
    exec(compile({code!r}, "planted.py", "exec"), module)
"""


def checked(folder: Path, code: str | None = None) -> tuple[list[str], list[str]]:
    """Run all checks of a stack, and one that runs this code; return what they did by themselves, and their names."""
    deployment = Deployment("home", chain().services, ())
    write_deployment(deployment, folder / "deployment.json")
    (folder / "pytest.ini").write_text("[pytest]\n")
    argv = [*check_argv(deployment, folder), "-p", "tests.unit.verify.refused"]
    if code is not None:
        (folder / "test_planted.py").write_text(PLANTED.format(code=code))
        argv.append(str(folder / "test_planted.py"))
    reading, writing = os.pipe()
    environment = check_environment(folder, ("main", "litellm", "open_webui"), writing, Way())
    environment |= {KIT: str(folder / "opt"), FOUND: str(folder / "found"), "DOCKER_HOST": "unix:///nowhere.sock"}
    environment["PYTHONPATH"] = str(REPOSITORY)
    done = subprocess.run(argv, env=environment, cwd=folder, pass_fds=(writing,), capture_output=True, check=False)
    os.close(writing)
    with os.fdopen(reading) as lines:
        names = [json.loads(line)["name"] for line in lines]
    assert done.returncode == 1, done.stdout.decode()
    return json.loads((folder / "found").read_text()), names


def test_no_check_opens_anything_of_the_host_by_itself(tmp_path: Path) -> None:
    found, names = checked(tmp_path)
    assert found == []
    assert {"files are as in the manifest", "is reached at no other address", "tells no secret"} <= set(names)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("open('/proc/net/tcp')", "looks at /proc/net/tcp"),
        ("kit.joinpath('home', 'current').exists()", "looks at {folder}/opt/home/current"),
        ("import socket; socket.create_connection(('127.0.0.1', 1))", "connects to ('127.0.0.1', 1)"),
    ],
)
def test_a_check_that_does_turns_the_run_red(tmp_path: Path, code: str, told: str) -> None:
    found, names = checked(tmp_path, code)
    assert found == [f"deploy.verify.planted {told.format(folder=tmp_path)}"]
    assert "planted" in names
