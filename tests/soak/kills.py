"""`kit apply` is killed at random moments: the next one converges, and models and chats are there."""

from __future__ import annotations

import json
import time
from functools import partial

from tests.e2e.place import Document
from tests.e2e.processes import kill
from tests.e2e.stack import LIMIT_SECONDS
from tests.e2e.webui import Person
from tests.e2e.workstation import change_model
from tests.soak.figures import Soak
from tests.waiting import wait_until

APPLY = ("apply", "--yes", "--json")
WORDS = "Thirteen herons stand on the weir."


def kills(soak: Soak, times: int) -> None:
    """Kill an apply so many times; every other kill takes all that it has started along."""
    stack = soak.stack
    chat = Person(stack).write_chat("Soak", WORDS)
    names = set(stack.engine.digests())
    stack.place.change(partial(change, number=0))
    longest = stack.apply().seconds
    for number in range(1, times + 1):
        stack.place.change(partial(change, number=number))
        moment, with_all = soak.dice.uniform(0, longest), bool(number % 2)
        with stack.running(*APPLY) as process:
            # A random moment is what this is about.
            time.sleep(moment)
            was_running = process.poll() is None
            kill(process.pid, with_all=with_all)
        doing = f"after {moment:.1f} s, {'with all' if with_all else 'alone'}, at: {last_step(soak)}"
        wait_until(
            lambda: not stack.is_busy, "what was left of the run has ended", LIMIT_SECONDS, saw=lambda: stack.busy
        )
        stack.apply()
        assert stack.is_settled, doing
        assert set(stack.engine.digests()) == names, doing
        assert WORDS in Person(stack).chat_text(chat), doing
        soak.count("killed and converged" if was_running else "ended before its kill", doing)


def change(spec: Document, number: int) -> None:
    """Let there be something to do for every part: a model, the engine, the gateway."""
    change_model(spec, "commit-message", temperature=(number % 90 + 10) / 100)
    spec["engines"][0]["keep_alive"] = f"{number % 50 + 5}m"
    spec["gateway"]["request_timeout"] = f"{number % 500 + 60}s"


def last_step(soak: Soak) -> str:
    """Return what the agent said last."""
    lines = (soak.stack.root / "run" / "journal.jsonl").read_text().splitlines()
    said = json.loads(lines[-1])
    return f"{said['step']} {said.get('text', '')}".strip()
