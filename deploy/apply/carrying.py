"""Phases carried out over all hosts of an apply: no host begins a phase before every host has ended the one before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TypeAlias

from deploy.apply.ansible import Content, OnPhase, PlaybookRun, run_playbook
from deploy.apply.members import Member, Members
from deploy.apply.phase_story import Story
from deploy.apply.phases import Phase, RoleStep, Step, VerbStep, neighbours
from deploy.apply.playbook import playbook_run
from deploy.apply.process import OnEvent, PlaybookResult
from deploy.apply.requests.table import question
from deploy.apply.story import Event
from deploy.apply.streams import carry_out
from deploy.apply.variables import variables_of
from deploy.errors import KitError
from deploy.hosts.parallel import in_parallel, joined_error

Play: TypeAlias = Callable[[PlaybookRun, Content, OnEvent, OnPhase], PlaybookResult]
"""Runs a playbook over its hosts."""


class _MadeWhenItBegins(Content):
    """The content of a run's phases."""

    def __init__(self, members: Members, run: str) -> None:
        self._members = members
        self._run = run

    def request(self, host: str, step: VerbStep) -> Mapping[str, object]:
        return question(step, self._members[host], self._run).content

    def variables(self, host: str, step: RoleStep) -> Mapping[str, object]:
        return variables_of(step, self._members[host])


def carry_out_phases(
    phases: Collection[Phase], members: Members, run: str, story: Story, play: Play = run_playbook
) -> Counter[str]:
    """Carry out the phases, one after the other; return how many steps and tasks changed something, by host.

    A host that fails stops all hosts behind the phase that they are in; the errors of all hosts are raised together.
    """
    changed: Counter[str] = Counter()
    for executor, group in neighbours(phases):
        if executor == "streams":
            for phase in group:
                story.begin(phase.name)
                changed.update(_streamed(phase, members, run, story.tell))
        else:
            content = _MadeWhenItBegins(members, run)
            result = play(playbook_run(group, members), content, story.tell_task, story.begin)
            _ensure_done(result, members)
            changed.update(result.changed_on)
    story.begin("")
    return changed


def _streamed(phase: Phase, members: Members, run: str, tell: Callable[[Event], None]) -> dict[str, int]:
    tasks = {host: partial(_on_host, steps, members[host], run, tell) for host, steps in phase.steps.items()}
    return in_parallel(tasks)


def _on_host(steps: tuple[Step, ...], member: Member, run: str, tell: Callable[[Event], None]) -> int:
    return sum(carry_out(step, member, run, tell) for step in steps)


def _ensure_done(result: PlaybookResult, members: Members) -> None:
    errors = {failure.host: KitError(failure.problem, failure.next_step) for failure in result.failures}
    if len(members) == 1 and errors:
        raise next(iter(errors.values()))
    if errors:
        raise joined_error(errors)
