"""Executes the phases of an apply: no host begins a phase before all hosts have ended the previous one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TypeAlias

from deploy.apply.course import Course
from deploy.apply.phases.phase import CONVERGE, UNTIL_CONVERGED, Phase, RoleStep, Step, VerbStep, neighbours
from deploy.apply.prepared.members import Member, Members
from deploy.apply.requests.table import question
from deploy.apply.roles.ansible import Content, OnPhase, PlaybookRun, run_playbook
from deploy.apply.roles.playbook import playbook_run
from deploy.apply.roles.process import OnEvent as OnTask
from deploy.apply.roles.process import PlaybookResult
from deploy.apply.roles.variables import variables_of
from deploy.apply.rolling_back import roll_back
from deploy.apply.story import Story
from deploy.apply.streams import OnEvent, carry_out
from deploy.errors import KitError
from deploy.hosts.wire.transport import Transport

Play: TypeAlias = Callable[[PlaybookRun, Content, OnTask, OnPhase], PlaybookResult]
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
    phases: Collection[Phase],
    members: Members,
    run: str,
    course: Course,
    story: Story,
    play: Play = run_playbook,
    others: Mapping[str, Transport] | None = None,
) -> None:
    """Carry out the phases, one after the other, on the hosts that are still part of the apply.

    A host that fails drops out behind the phase, and others with it as the course says. A release that fails is rolled
    back on the hosts that run it already.

    Args:
        phases: The phases that have work.
        members: The hosts that change.
        run: Id of the run that holds them.
        course: The hosts that are still part of the apply.
        story: Told of each step.
        play: Runs the playbooks.
        others: Hosts of the stack that do not change, and may have an image.
    """
    hosts = {**(others or {}), **{host: member.transport for host, member in members.items()}}
    for executor, group in neighbours(phases):
        going = {host: members[host] for host in course.going if host in members}
        if not going:
            break
        if executor == "streams":
            for phase in group:
                story.begin(phase.name)
                _stream(phase, members, run, course, story, hosts)
        else:
            before = {*course.failed}
            _play(group, going, run, course, story, play)
            _mend(group, before, members, run, course, story)
    story.begin("")


def _play(group: tuple[Phase, ...], going: Members, run: str, course: Course, story: Story, play: Play) -> None:
    content = _MadeWhenItBegins(going, run)
    result = play(playbook_run(group, going, keep_going=course.keep_going), content, story.tell_task, story.begin)
    course.changed.update(result.changed_on)
    course.note(_errors(result))


def _stream(
    phase: Phase, members: Members, run: str, course: Course, story: Story, hosts: Mapping[str, Transport]
) -> None:
    before = {*course.failed}
    tasks = {
        host: partial(_on_host, steps, members[host], run, story.tell, hosts) for host, steps in phase.steps.items()
    }
    changed = course.each(tasks)
    course.changed.update(changed)
    if phase.name == CONVERGE:
        course.reach("converged", *changed)
    _mend((phase,), before, members, run, course, story)


def _mend(
    group: Collection[Phase], before: Collection[str], members: Members, run: str, course: Course, story: Story
) -> None:
    """Roll back what failures in these phases leave on some hosts only; behind `converge` all have their release."""
    failed = {*course.failed} - {*before}
    names = {phase.name for phase in group}
    if failed and names <= UNTIL_CONVERGED:
        roll_back(course, failed, members, run, story, converging=CONVERGE in names)


def _on_host(steps: tuple[Step, ...], member: Member, run: str, tell: OnEvent, hosts: Mapping[str, Transport]) -> int:
    return sum(carry_out(step, member, run, tell, hosts) for step in steps)


def _errors(result: PlaybookResult) -> dict[str, KitError]:
    """Return a playbook's failures by host; a failure without a host counts for every host."""
    errors = {}
    for failure in result.failures:
        for host in (failure.host,) if failure.host else result.planned:
            errors[host] = KitError(failure.problem, failure.next_step)
    return errors
