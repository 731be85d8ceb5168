"""The guard that every unit test runs under is red for what the control node does by itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.unit.guarding import GUARD, LookedByItselfError

PLANTED = {
    "a release": "open('/opt/kit/home/current/manifest.json')",
    "the kit's folder": "import pathlib; list(pathlib.Path('/opt/kit').iterdir())",
    "whether data is there": "import pathlib; pathlib.Path('/srv/kit/home').exists()",
    "a link": "import os; os.readlink('/opt/kit/home/current')",
    "the kernel's tables": "open('/proc/net/tcp')",
    "Docker's settings": "open('/etc/docker/daemon.json')",
    "Docker's socket": "import socket; socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
    "a service": "import socket; socket.create_connection(('127.0.0.1', 1))",
    "Docker's command": "import subprocess; subprocess.run(['docker', 'ps'])",
    "an agent's module": "from deploy.agent.remembered import read_json; from pathlib import Path\n"
    "read_json(Path('/opt/kit/home/run/models.json'))",
}


@pytest.mark.parametrize("what", sorted(PLANTED))
@pytest.mark.parametrize(
    "module", ["deploy.lifecycle.planted", "deploy.cli.verbs.planted", "deploy.components.x.verify"]
)
def test_a_module_of_the_control_node_that_looks_by_itself_is_caught(what: str, module: str) -> None:
    try:
        with pytest.raises(LookedByItselfError):
            exec(compile(PLANTED[what], "planted.py", "exec"), {"__name__": module})
        assert [one.partition(" ")[0] for one in GUARD.found] == [module]
    finally:
        GUARD.found.clear()


@pytest.mark.parametrize("module", ["deploy.agent.planted", "deploy.components.x.agent", "deploy.hosts.local"])
def test_the_agent_and_the_transport_to_this_machine_may_look(module: str) -> None:
    exec(compile("import os; os.path.exists('/opt/kit/home')", "planted.py", "exec"), {"__name__": module})
    assert GUARD.found == []


def test_no_swallowed_error_hides_what_was_found() -> None:
    planted = "try:\n    open('/opt/kit/x')\nexcept BaseException:\n    pass\n"
    exec(compile(planted, "planted.py", "exec"), {"__name__": "deploy.lifecycle.planted"})
    assert GUARD.found == ["deploy.lifecycle.planted looks at /opt/kit/x"]
    GUARD.found.clear()


def test_what_a_test_does_itself_is_free() -> None:
    assert subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0
    with open("/proc/self/status") as stream:  # noqa: PTH123 - the event is what is tested
        assert stream.readline().startswith("Name")
