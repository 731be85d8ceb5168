from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from deploy.agent.inputs.children import Children, StoppedError
from tests.waiting import PATIENCE_SECONDS, wait_until

ENVIRONMENT = {"PATH": os.environ["PATH"]}


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
    wait_until(lambda: flag.exists() and flag.read_text().strip(), "the grandchild runs", saw=flag.exists)
    children.stop()
    thread.join(PATIENCE_SECONDS)
    assert len(outcome) == 1
    assert not Path(f"/proc/{flag.read_text().strip()}/cmdline").exists() or is_dead(int(flag.read_text()))
    with pytest.raises(StoppedError):
        children.run(["true"], ENVIRONMENT, lambda _: None)


def is_dead(pid: int) -> bool:
    """True if a process is gone, or is only an unreaped zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
