"""Progress is told in a person's words, for every task that there is."""

from __future__ import annotations

import re

import pytest

from deploy.apply.events import TaskEvent
from deploy.apply.run import _playbook_events
from deploy.apply.story import Event
from deploy.apply.words import TASKS, task_words
from tests.tree import REPOSITORY, tracked

NAMES = sorted(
    {
        name
        for path in tracked("roles/*.yml", "deploy/playbooks/*.yml")
        for name in re.findall(r"- name: (Ensure .+)", (REPOSITORY / path).read_text())
    }
)


@pytest.mark.parametrize("name", NAMES)
def test_every_task_has_words_of_its_own(name: str) -> None:
    words = task_words(name)
    assert words != name.removeprefix("Ensure ")
    assert not re.search(r"\b(is|are|has|holds|lie|lies|runs|stays)\b", words)


def test_no_words_are_kept_for_a_task_that_is_gone() -> None:
    assert len(NAMES) > 40
    assert {f"Ensure {name}" for name in TASKS} - set(NAMES) == set()


def test_an_event_of_a_task_carries_its_words() -> None:
    told: list[Event] = []
    _playbook_events(told.append)(TaskEvent("started", "localhost", "release", "Ensure the placed release runs"))
    assert told == [Event("start of the release", "start")]
