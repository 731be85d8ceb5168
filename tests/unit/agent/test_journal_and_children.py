from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.inputs.children import Children, StoppedError
from deploy.agent.journal import Journal

ENVIRONMENT = {"PATH": os.environ["PATH"]}


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


def test_a_reading_verb_leaves_no_journal(tmp_path: Path) -> None:
    Journal(str(tmp_path / "nothing"), "").say("hello")
    assert not (tmp_path / "nothing").exists()


def test_a_programs_words_are_heard_and_its_end_is_told() -> None:
    heard: list[str] = []
    ended = Children().run(["sh", "-c", "echo one >&2; echo two >&2; exit 3"], ENVIRONMENT, heard.append)
    assert (ended.status, ended.words, heard) == (3, "one\ntwo", ["one", "two"])


def test_stopping_ends_the_whole_family_and_the_thread_that_waits_for_it(tmp_path: Path) -> None:
    children = Children()
    outcome: list[BaseException] = []
    flag = tmp_path / "grandchild"

    def work() -> None:
        try:
            children.run(["sh", "-c", f"sleep 60 & echo $! > {flag}; wait"], ENVIRONMENT, lambda _: None)
        except StoppedError as stopped:
            outcome.append(stopped)

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 10
    while not (flag.exists() and flag.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    children.stop()
    thread.join(10)
    assert len(outcome) == 1
    assert not Path(f"/proc/{flag.read_text().strip()}/cmdline").exists() or is_dead(int(flag.read_text()))
    with pytest.raises(StoppedError):
        children.run(["true"], ENVIRONMENT, lambda _: None)


def is_dead(pid: int) -> bool:
    """Whether a process is gone, or only waits to be counted by whoever adopted it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_an_unknown_verb_and_a_request_of_another_format_are_refused_as_json() -> None:
    for arguments, request in ((["fly"], "{}"), (["probe"], '{"format": 99}'), (["probe"], "no json")):
        done = subprocess.run(
            [sys.executable, "-m", "deploy.agent", *arguments],
            input=request,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert json.loads(done.stdout)["error"]["problem"]
