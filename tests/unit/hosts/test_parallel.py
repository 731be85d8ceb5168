"""Tasks of several hosts at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from deploy.agent.contract.releases import ServicesRequest
from deploy.agent.contract.verbs import STOP
from deploy.hosts.parallel import settled
from deploy.hosts.wire.talking import Agent, ask
from tests.waiting import wait_until

NOTHING: ServicesRequest = {"stack": "home", "root": "/nowhere"}
SLEEPING = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


def test_ctrl_c_interrupts_the_steps_of_all_hosts_and_waits_for_their_end() -> None:
    pipe = subprocess.PIPE
    agents = [Agent(SLEEPING, stdin=pipe, stdout=pipe, stderr=pipe) for _ in range(2)]
    asked = threading.Barrier(3)

    def task(agent: Agent) -> object:
        asked.wait()
        return ask(agent, STOP, NOTHING)

    def interrupt() -> None:
        asked.wait()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        settled({str(agent.pid): partial(task, agent) for agent in agents})
    wait_until(lambda: all(agent.returncode is not None for agent in agents), "both agents have ended")


@pytest.mark.parametrize("moment", range(0, 20, 3))
def test_ctrl_c_while_tasks_begin_is_heeded(moment: int) -> None:
    pipe = subprocess.PIPE
    agents = [Agent(SLEEPING, stdin=pipe, stdout=pipe, stderr=pipe) for _ in range(2)]
    tasks = {str(agent.pid): partial(ask, agent, STOP, NOTHING) for agent in agents}

    def interrupted() -> None:
        threading.Timer(moment / 10_000, os.kill, (os.getpid(), signal.SIGINT)).start()
        settled(tasks)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    for agent in agents:
        agent.kill()
        agent.wait()


def test_a_thread_that_cannot_start_is_an_error_and_no_endless_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_threads: ThreadPoolExecutor, _task: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refused)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        settled({"one": lambda: 1, "two": lambda: 2})
