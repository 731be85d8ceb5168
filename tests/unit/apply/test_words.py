"""Progress is told in a person's words, for every task that there is."""

from __future__ import annotations

import re

import pytest

from deploy.apply.event import Event
from deploy.apply.phases.phase import ORDER
from deploy.apply.roles.task_events import TaskEvent
from deploy.apply.story import Story
from deploy.apply.words import STEPS, TASKS, task_words
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
    words = task_words(TaskEvent("started", "here", "", name))
    assert words != name.removeprefix("Ensure ")
    assert not re.search(r"\b(is|are|has|holds|lie|lies|runs|stays)\b", words)


def test_no_words_are_kept_for_a_task_that_is_gone() -> None:
    assert len(NAMES) > 30
    assert {f"Ensure {name}" for name in TASKS} - set(NAMES) == set()


def test_every_step_of_a_phase_has_words_and_no_role_has() -> None:
    roles = {path.split("/")[1] for path in tracked("roles/*.yml")}
    assert set(STEPS) == {key for _, _, keys in ORDER for key in keys} - roles


def test_an_event_of_a_task_carries_its_words_and_its_phase() -> None:
    told: list[Event] = []
    story = Story(told.append)
    story.begin("os")
    story.tell_task(TaskEvent("started", "here", "docker_engine", "Ensure Docker runs"))
    story.begin("images")
    story.tell_task(TaskEvent("failed", "here", "agent", "Ensure the agent has carried out its verb", "image"))
    assert told == [
        Event("Docker's start", "start", phase="os", host="here"),
        Event("images", "failed", phase="images", host="here"),
    ]
