"""A verb that somebody waits for ends with its asker, also where no signal arrives."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.agent.holder import holding
from tests.tree import REPOSITORY
from tests.waiting import PATIENCE_SECONDS

PROGRAM = f"""
import sys, time
sys.path.insert(0, {str(REPOSITORY)!r})
from deploy.agent.attended import attend
from deploy.agent.errors import Interrupted
from deploy.agent.interrupts import listen
listen()
sys.stdin.buffer.readline()
attend()
print("working", flush=True)
try:
    time.sleep({PATIENCE_SECONDS})
except Interrupted as stop:
    print("interrupted", stop.exit_code, flush=True)
"""


def started(given: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=given, stdout=subprocess.PIPE, text=True)


def first_line(agent: subprocess.Popen[str]) -> str:
    assert agent.stdout is not None
    return agent.stdout.readline()


@pytest.mark.parametrize("rest", ["", "bytes that the verb has not read yet"])
def test_the_end_of_a_pipe_interrupts_it(rest: str) -> None:
    with started(subprocess.PIPE) as agent:
        assert agent.stdin is not None
        agent.stdin.write(f"request\n{rest}")
        agent.stdin.flush()
        assert first_line(agent) == "working\n"
        agent.stdin.close()
        assert first_line(agent) == "interrupted 143\n"


def test_the_end_of_a_socket_interrupts_it_as_ssh_ends_one() -> None:
    near, far = socket.socketpair()
    with far, started(far.fileno()) as agent:
        far.close()
        near.sendall(b"request\n")
        assert first_line(agent) == "working\n"
        near.shutdown(socket.SHUT_WR)
        assert first_line(agent) == "interrupted 143\n"
        near.close()


def test_it_goes_on_while_the_asker_is_there() -> None:
    with started(subprocess.PIPE) as agent:
        assert agent.stdin is not None
        agent.stdin.write("request\n")
        agent.stdin.flush()
        assert first_line(agent) == "working\n"
        with pytest.raises(subprocess.TimeoutExpired):
            agent.wait(1)
        agent.terminate()


HELD = f"""
import sys, time
sys.path.insert(0, {str(REPOSITORY)!r})
from pathlib import Path
from deploy.agent import attended
from deploy.agent.errors import Interrupted
from deploy.agent.interrupts import listen
attended.LOOK_SECONDS = 0.05
listen()
attended.follow_hold(Path(sys.argv[1]), "mine")
print("working", flush=True)
try:
    time.sleep({PATIENCE_SECONDS})
except Interrupted as stop:
    print("interrupted", stop.exit_code, flush=True)
"""


def test_a_step_of_ansible_ends_when_its_run_has_lost_the_hold(tmp_path: Path) -> None:
    with holding(tmp_path, {"run": "mine"}):
        agent = subprocess.Popen([sys.executable, "-c", HELD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert first_line(agent) == "working\n"
        with pytest.raises(subprocess.TimeoutExpired):
            agent.wait(1)
    with agent:
        assert first_line(agent) == "interrupted 143\n"
