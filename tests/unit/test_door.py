"""The guard and the refusing transport of the unit tests are red for what the control node does by itself."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.agent.contract.applied import AppliedRequest
from deploy.agent.contract.verbs import APPLIED
from deploy.hosts.wire.transport import Address
from tests.unit.guarding import GUARD, LookedByItselfError
from tests.unit.played import Played

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


def run(code: str, module: str) -> None:
    """Run code as a module of the control node would."""
    exec(compile(code, "planted.py", "exec"), {"__name__": module})


@pytest.mark.parametrize("what", sorted(PLANTED))
@pytest.mark.parametrize(
    "module", ["deploy.lifecycle.planted", "deploy.cli.verbs.planted", "deploy.components.x.verify"]
)
def test_a_module_of_the_control_node_that_looks_by_itself_is_caught(what: str, module: str) -> None:
    try:
        with pytest.raises(LookedByItselfError):
            run(PLANTED[what], module)
        assert [one.partition(" ")[0] for one in GUARD.found] == [module]
    finally:
        GUARD.found.clear()


def test_a_folder_in_which_a_test_plays_a_host_is_the_hosts_own(tmp_path: Path) -> None:
    played = Played(tmp_path / "opt")
    planted = f"import os; os.path.exists('{tmp_path}/opt/home/current')"
    with pytest.raises(LookedByItselfError):
        run(planted, "deploy.lifecycle.planted")
    GUARD.found.clear()
    run(planted.replace("/opt/", "/optional/"), "deploy.lifecycle.planted")
    asked: AppliedRequest = {"stack": "home"}
    assert played.call(APPLIED, asked)["stacks"] == []
    assert GUARD.found == []


def test_an_address_is_free_once_a_transport_has_forwarded_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place: Address = server.getsockname()
        planted = f"import socket; socket.create_connection({place!r}).close()"
        with pytest.raises(LookedByItselfError):
            run(planted, "deploy.verify.web")
        GUARD.found.clear()
        with Played(tmp_path / "opt").forward(place):
            run(planted, "deploy.verify.web")
    assert GUARD.found == []


@pytest.mark.parametrize(
    "asked",
    [
        "call(Verb('probe'), {})",
        "send(Verb('models'), {}, None)",
        "receive(Verb('give_image'), {})",
        "lines(Verb('logs'), {})",
        "ahead(Verb('probe'))",
        "hold({}, print)",
        "forward(('127.0.0.1', 1))",
        "forward_socket('/var/run/docker.sock')",
        "backend",
        "connection",
        "is_root",
    ],
)
@pytest.mark.parametrize("way", ["Way()", "Way('ssh', 'box', '192.0.2.5')"])
def test_a_host_that_no_test_brought_along_refuses_everything(asked: str, way: str) -> None:
    planted = (
        "from deploy.agent.contract.verbs import Verb\n"
        "from deploy.deployment.way import Way\n"
        "from deploy.hosts.reach import reach\n"
    )
    with pytest.raises(AssertionError, match="no host is asked for"):
        run(f"{planted}reach({{'box': {way}}})['box'].{asked}", "deploy.lifecycle.planted")


@pytest.mark.parametrize("module", ["deploy.agent.planted", "deploy.components.x.agent", "deploy.hosts.local"])
def test_the_agent_and_the_transport_to_this_machine_may_look(module: str) -> None:
    run("import os; os.path.exists('/opt/kit/home')", module)
    assert GUARD.found == []


def test_no_swallowed_error_hides_what_was_found() -> None:
    planted = "try:\n    open('/opt/kit/x')\nexcept BaseException:\n    pass\n"
    run(planted, "deploy.lifecycle.planted")
    assert GUARD.found == ["deploy.lifecycle.planted looks at /opt/kit/x"]
    GUARD.found.clear()


def test_what_a_test_does_itself_is_free() -> None:
    assert subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0
    with open("/proc/self/status") as stream:  # noqa: PTH123 - the event is what is tested
        assert stream.readline().startswith("Name")
