"""A run that is interrupted during a recreation, as by a closed terminal, leaves no service down."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.agent_stack import AgentStack, tags
from tests.waiting import wait_until

pytestmark = pytest.mark.docker

SLOW = "trap '/bin/busybox sleep 2; exit 0' TERM; /bin/busybox touch /ok; while :; do /bin/busybox sleep 1 & wait; done"
"""A command that takes its time to end."""


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGHUP, "recreating one"),
        (signal.SIGINT, "stopping one before its image changes"),
        (signal.SIGTERM, "waiting for one"),
        (signal.SIGINT, "waiting for the new one"),
    ],
)
def test_the_service_runs_and_the_next_run_finds_no_changed_secret(stack: AgentStack, number: int, words: str) -> None:
    old, new = tags(stack, 2)
    stack.apply(stack.bundle({"one": stack.block("one", SLOW, old, stop_grace_period="10s")}))
    key = stack.root / "secrets" / "one" / "key"
    key.parent.mkdir(parents=True)
    key.write_text("sk-something-long")
    stack.apply(stack.bundle({"one": stack.block("one", SLOW, old, stop_grace_period="10s", environment={"A": "1"})}))
    later = SLOW.replace("/bin/busybox touch", "/bin/busybox sleep 3; /bin/busybox touch")
    wanted = stack.bundle({"one": stack.block("one", later, new, stop_grace_period="10s")})
    with stack.held():
        stack.place(wanted)
        wanted_request = stack.converge_request(wanted, ("one",), tried=("one",) if "new" in words else ())
        interrupt_when_it_says(stack, wanted_request, words, number)
    assert wanted_request["services"]["one"]["action"] == "recreate"
    seen = stack.probe()
    assert {name: each["state"] for name, each in seen["services"].items()} == {"one": "running"}
    assert seen["fingerprint_changed"] == {"one": []}
    stack.apply(wanted, copied=("one",))
    assert stack.probe()["services"]["one"]["image"] == new


def interrupt_when_it_says(stack: AgentStack, request: dict[str, object], words: str, number: int) -> None:
    journal = stack.root / "run" / "journal.jsonl"
    before = journal.stat().st_size
    agent = stack.start_agent("converge", request)
    wait_until(
        lambda: words.encode() in journal.read_bytes()[before:], words, saw=lambda: journal.read_bytes()[before:]
    )
    os.killpg(agent.pid, number)
    assert agent.wait() == 128 + number
