"""A follower of logs leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from deploy.agent.contract.applied import LogsRequest
from deploy.agent.docker import printed
from deploy.agent.errors import Interrupted
from deploy.agent.interrupts import listen
from deploy.agent.journal import Journal

REQUEST: LogsRequest = {
    "project": "kit-home",
    "services": [],
    "tail": 10,
    "follow": True,
    "prefixed": True,
    "coloured": False,
}
STUBBORN = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "os.kill(os.getppid(), signal.SIGTERM); time.sleep(60)"
)


def test_a_compose_that_ignores_the_signal_does_not_keep_an_interrupted_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    end = printed._end

    def ended(compose: subprocess.Popen[bytes]) -> None:
        started.append(compose)
        end(compose)

    monkeypatch.setattr(printed, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(printed, "program", lambda: [sys.executable, "-c", STUBBORN])
    monkeypatch.setattr(printed, "_end", ended)
    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    listen()
    try:
        with pytest.raises(Interrupted):
            printed.run(REQUEST, Journal("", ""))
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    assert started[0].returncode == -signal.SIGKILL
