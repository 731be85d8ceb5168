from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.errors import AgentError, Interrupted
from deploy.agent.journal import Journal


def lines(journal: Journal) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.path.read_text().splitlines()]


def test_steps_of_threads_stay_apart_in_the_journal(journal: Journal) -> None:
    def work(name: str) -> None:
        with journal.step(name):
            for number in range(50):
                journal.say(f"{name} {number}", number, 50)

    threads = [threading.Thread(target=work, args=(f"step {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = [line for line in lines(journal) if line["state"] == "progress"]
    assert len(said) == 200
    assert all(line["text"].startswith(line["step"]) for line in said)


def test_a_step_that_fails_says_why(journal: Journal) -> None:
    with pytest.raises(AgentError), journal.step("image"):
        raise AgentError("no room")
    assert [(line["state"], line["text"]) for line in lines(journal)] == [("start", ""), ("failed", "no room")]


@pytest.mark.parametrize("stop", [Interrupted(15), KeyboardInterrupt()])
def test_a_step_that_was_told_to_stop_did_not_fail(stop: BaseException, journal: Journal) -> None:
    with pytest.raises(type(stop)), journal.step("containers"):
        raise stop
    assert [line["state"] for line in lines(journal)] == ["start", "interrupted"]


def test_a_reading_verb_leaves_no_journal(tmp_path: Path) -> None:
    Journal(str(tmp_path / "nothing"), "").say("hello")
    assert not (tmp_path / "nothing").exists()
