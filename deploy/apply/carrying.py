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
from deploy.apply.process import OnEvent as OnTask
from deploy.apply.process import PlaybookResult
from deploy.apply.requests.table import question
from deploy.apply.streams import OnEvent, carry_out
from deploy.apply.variables import variables_of
from deploy.errors import KitError
from deploy.hosts.parallel import in_parallel, joined_error
from deploy.hosts.transport import Transport

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
    story: Story,
    play: Play = run_playbook,
    others: Mapping[str, Transport] | None = None,
) -> Counter[str]:
    """Carry out the phases, one after the other; return how many steps and tasks changed something, by host.

    A host that fails stops all hosts behind the phase that they are in; the errors of all hosts are raised together.

    Args:
        phases: The phases that have work.
        members: The hosts that change.
        run: Id of the run that holds them.
        story: Told of each step.
        play: Runs the playbooks.
        others: Hosts of the stack that do not change, and may have an image.
    """
    hosts = {**(others or {}), **{host: member.transport for host, member in members.items()}}
    changed: Counter[str] = Counter()
    for executor, group in neighbours(phases):
        if executor == "streams":
            for phase in group:
                story.begin(phase.name)
                changed.update(_streamed(phase, members, run, story.tell, hosts))
        else:
            content = _MadeWhenItBegins(members, run)
            result = play(playbook_run(group, members), content, story.tell_task, story.begin)
            _ensure_done(result, members)
            changed.update(result.changed_on)
    story.begin("")
    return changed


def _streamed(
    phase: Phase, members: Members, run: str, tell: OnEvent, hosts: Mapping[str, Transport]
) -> dict[str, int]:
    tasks = {host: partial(_on_host, steps, members[host], run, tell, hosts) for host, steps in phase.steps.items()}
    return in_parallel(tasks)


def _on_host(steps: tuple[Step, ...], member: Member, run: str, tell: OnEvent, hosts: Mapping[str, Transport]) -> int:
    return sum(carry_out(step, member, run, tell, hosts) for step in steps)


def _ensure_done(result: PlaybookResult, members: Members) -> None:
    errors = {failure.host: KitError(failure.problem, failure.next_step) for failure in result.failures}
    if errors:
        raise joined_error(errors, members)
