"""Tasks of several hosts at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from deploy.agent.contract.releases import ServicesRequest
from deploy.agent.contract.verbs import STOP
from deploy.hosts.parallel import settled
from deploy.hosts.talking import Agent, ask
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


def test_ctrl_c_before_all_tasks_have_begun_lets_none_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    submit = ThreadPoolExecutor.submit

    def submitted(threads: ThreadPoolExecutor, *task: Any) -> Any:
        submit(threads, *task)
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submitted)
    with pytest.raises(KeyboardInterrupt):
        settled({"one": lambda: done.append(1), "two": lambda: done.append(2)})
    assert done == []
