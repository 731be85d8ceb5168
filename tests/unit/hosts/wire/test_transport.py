from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.agent.contract.probe import ProbeRequest
from deploy.agent.contract.secrets import SecretRequest
from deploy.agent.contract.verbs import PROBE, SECRET
from deploy.errors import KitError
from deploy.hosts.local import LocalTransport
from deploy.hosts.reach import reach
from deploy.hosts.wire.agent_zip import agent_zip
from deploy.hosts.wire.talking import decode
from tests.tree import REPOSITORY
from tests.waiting import PATIENCE_SECONDS


@pytest.fixture
def asked(tmp_path: Path) -> ProbeRequest:
    return {"stack": "t-transport", "root": str(tmp_path / "t-transport"), "ca": None}


def test_the_first_call_brings_the_agent_and_mends_one_that_was_changed(tmp_path: Path, asked: ProbeRequest) -> None:
    transport = LocalTransport(str(tmp_path / "agent"))
    transport.call(PROBE, asked)
    placed = tmp_path / "agent" / agent_zip().name
    assert transport.agent_path == str(placed)
    assert placed.stat().st_mode & 0o777 == 0o444
    placed.chmod(0o644)
    placed.write_text("somebody was here")
    LocalTransport(str(tmp_path / "agent")).call(PROBE, asked)
    assert placed.read_bytes() == agent_zip().content


def test_an_agent_that_was_started_ahead_answers_the_one_call_that_it_was_started_for(
    tmp_path: Path, asked: ProbeRequest
) -> None:
    transport = LocalTransport(str(tmp_path / "agent"))
    with transport.ahead(PROBE):
        first = transport.call(PROBE, asked)
        second = transport.call(PROBE, asked)
    assert first["format"] == second["format"] == 1


def test_an_agent_that_was_started_ahead_and_never_asked_is_gone_at_the_end(tmp_path: Path) -> None:
    transport = LocalTransport(str(tmp_path / "agent"))
    agent = transport.agent_path
    with pytest.raises(KeyboardInterrupt), transport.ahead(PROBE):
        raise KeyboardInterrupt
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert agent not in lines


def test_what_hinders_an_agent_is_told_when_it_is_asked_and_not_before(tmp_path: Path, asked: ProbeRequest) -> None:
    transport = LocalTransport(str(tmp_path / "agent"), str(tmp_path / "python3"))
    with transport.ahead(PROBE), pytest.raises(KitError, match="no Python at"):
        transport.call(PROBE, asked)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become nobody")
def test_whoever_may_not_write_still_gets_an_answer() -> None:
    program = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from deploy.hosts.local import LocalTransport\n"
        "transport = LocalTransport('/opt/t-transport-closed')\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "os.environ['TMPDIR'] = '/tmp'\n"
        "answer = transport.call('probe', {'stack': 't-transport', 'root': '/opt/t-transport'})\n"
        "print(answer['root'], answer['docker']['problem'])\n"
    )
    argv = [sys.executable, "-c", program, str(REPOSITORY)]
    said = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")
    if "PermissionError" in said.stderr and str(REPOSITORY) in said.stderr:
        pytest.skip("nobody may not read this checkout")
    assert said.stdout.startswith("False "), said.stderr
    assert not Path("/opt/t-transport-closed").exists()


def test_an_agents_failure_keeps_its_problem_and_next_step(tmp_path: Path, asked: ProbeRequest) -> None:
    secret: SecretRequest = {"stack": "t", "root": asked["root"], "name": "key", "owner": "one"}
    with pytest.raises(KitError) as failure:
        LocalTransport(str(tmp_path / "agent")).call(SECRET, secret)
    assert failure.value.problem == "the secret key is not on this host"
    assert failure.value.next_step == "`kit apply` makes it"


def test_an_interrupted_step_ends_by_itself_and_takes_along_what_it_started(tmp_path: Path) -> None:
    slow = tmp_path / "python"
    slow.write_text(
        f"#!/bin/sh\ntrap 'sleep 1; touch {tmp_path}/cleared; exit 143' TERM\nread -r request\ntouch {tmp_path}/begun\n"
        "while :; do sleep 0.1; done\n"
    )
    slow.chmod(0o755)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from deploy.hosts.local import LocalTransport\n"
        "LocalTransport(sys.argv[2], sys.argv[3]).call('image', {})\n"
    )
    argv = [sys.executable, "-c", program, str(REPOSITORY), str(tmp_path / "agent"), str(slow)]
    asking = subprocess.Popen(argv, stderr=subprocess.DEVNULL, start_new_session=True)
    while not (tmp_path / "begun").exists():
        assert asking.poll() is None
    # As a terminal does it: everybody in the foreground hears Ctrl-C.
    os.killpg(asking.pid, signal.SIGINT)
    asking.wait(PATIENCE_SECONDS)
    assert (tmp_path / "cleared").exists()


def test_a_host_without_python_is_told_so(tmp_path: Path, asked: ProbeRequest) -> None:
    transport = LocalTransport(str(tmp_path / "agent"), python="/nowhere/python3")
    with pytest.raises(KitError, match="no Python at /nowhere/python3"):
        transport.call(PROBE, asked)


def test_a_connection_that_ends_before_the_answer_is_told_as_lost() -> None:
    with pytest.raises(KitError, match="the connection to the host was lost during models") as error:
        decode("models", 255, b"", b"Connection to 10.0.0.1 closed by remote host.\n")
    assert "continues where this one stopped" in error.value.next_step


def test_what_is_no_answer_is_an_error_with_the_last_line_that_was_said() -> None:
    with pytest.raises(KitError, match="ended with status 1 and said: ImportError: no such module"):
        decode("probe", 1, b"", b"Traceback\nImportError: no such module\n")


def test_an_address_of_this_machine_leads_to_itself() -> None:
    (transport,) = reach().values()
    with transport.forward(("127.0.0.1", 4000)) as address, transport.forward_socket("/run/one.sock") as path:
        assert (address, path) == (("127.0.0.1", 4000), "/run/one.sock")
