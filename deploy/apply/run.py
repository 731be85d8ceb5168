"""One apply: hold every host, execute the phases, run the checks, accept the releases."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import ACCEPT, CONVERGE, SETTLE
from deploy.agent.line import Line
from deploy.apply.carrying import Play, carry_out_phases
from deploy.apply.course import Course
from deploy.apply.event import Event, from_journal
from deploy.apply.lending import with_borrowing
from deploy.apply.phases.image_givers import Needed, with_transfers
from deploy.apply.phases.needed import steps_of
from deploy.apply.phases.order import Needs
from deploy.apply.phases.phase import VerbStep, phases_of
from deploy.apply.prepared.members import Member, Members
from deploy.apply.prepared.prepare import Outcome, Prepared, ensure_same, prepare
from deploy.apply.prepared.references import Given, ensure_given
from deploy.apply.prepared.together import planned_together
from deploy.apply.prepared.unsettled import ways_back
from deploy.apply.requests.base import base_request, hold_request
from deploy.apply.requests.releases import accept_request
from deploy.apply.roles.ansible import run_playbook
from deploy.apply.story import Story
from deploy.errors import KitError
from deploy.plan import Plan
from deploy.verify.beside import Beside
from deploy.verify.left_out import NOBODY, LeftOut
from deploy.verify.report import Check, Report
from deploy.verify.run import run_checks

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import JournalLine

OnEvent = Callable[[Event], None]


def apply(
    members: Members,
    on_event: OnEvent,
    *,
    needs: Needs | None = None,
    failed: Mapping[str, KitError] | None = None,
    others: Members | None = None,
    keep_going: bool = False,
    full: bool = False,
    away: LeftOut = NOBODY,
    play: Play = run_playbook,
) -> dict[str, Outcome]:
    """Change the hosts as planned; raise KitError if one refuses, fails, or was rolled back.

    Args:
        members: the hosts, each with the plan that was shown.
        on_event: told of each step.
        needs: the hosts that each host cannot do without.
        failed: hosts that could not be planned, with their errors.
        others: the hosts of the stack that do not change; one may have an image or a secret that a member lacks.
        keep_going: go on with the hosts that need no failed one.
        full: run also the steps that have nothing to do.
        away: hosts that are left out.
        play: runs the playbooks.
    """
    run = secrets.token_hex(8)
    story = Story(on_event)
    hosts = (*(others or {}), *members, *(failed or {}))
    course = Course(hosts, needs or {}, keep_going, dict(failed or {}))
    course.reach("settled", *(others or {}))
    with ExitStack() as holds:
        _hold(holds, members, run, course, story)
        held = _held(members, others or {}, course)
        steps, held = _decided(held, others or {}, full)
        idle = {host: member.transport for host, member in (others or {}).items()}
        carry_out_phases(phases_of(steps, needs), held, run, course, story, play, idle)
        reports = _verified(held, others or {}, course, full, on_event, away)
        _accept_all({host: held[host] for host in reports}, run, course)
    course.ensure_done()
    return {host: Outcome(member.prepared.plan, course.changed[host], reports[host]) for host, member in held.items()}


def _hold(holds: ExitStack, members: Members, run: str, course: Course, story: Story) -> None:
    """Hold every host, always in the same order, so that one of two runs gets all."""
    for host in sorted(members):
        if host not in course.going:
            continue
        request = hold_request(members[host].share.deployment.stack, run, "kit apply")
        try:
            holds.enter_context(members[host].transport.hold(request, partial(_tell_line, story, host)))
        except KitError as error:
            course.note({host: error})


def _tell_line(story: Story, host: str, line: JournalLine) -> None:
    story.tell(from_journal(line, host))


def _held(members: Members, others: Members, course: Course) -> Members:
    """Plan again under the hold; a host whose plan has grown since it was shown fails."""
    prepared = course.each({host: partial(_again, member) for host, member in members.items()})
    shares = {host: member.share for host, member in {**members, **others}.items()}
    planned = planned_together(shares, prepared, {host: member.prepared for host, member in others.items()})
    held = {host: replace(members[host], prepared=each) for host, each in planned.items()}
    return course.each({host: partial(_ensured, members[host].prepared.plan, each) for host, each in held.items()})


def _again(member: Member) -> Prepared:
    shown, share = member.prepared, member.share
    lent = Given({name: value for name, value in shown.given.items() if name in share.borrowed})
    prepared = prepare(share, member.transport, shown.choices, lent=lent)
    ensure_given(share, prepared.observation)
    return prepared


def _ensured(shown: Plan, held: Member) -> Member:
    ensure_same(shown, held.prepared.plan)
    return held


def _needed(members: Members, full: bool) -> Needed:
    return {
        host: steps_of(member.share.deployment, member.prepared.observation, member.prepared.plan, full=full)
        for host, member in members.items()
    }


def _decided(held: Members, others: Members, full: bool) -> tuple[Needed, Members]:
    """Return the steps of each host, and the hosts with what they receive and where a failure leads them."""
    steps, members = with_transfers(with_borrowing(_needed(held, full), held), held, others)
    # A host of an unsettled apply has a part in this, changed or not.
    seen = {host: member.prepared.observation for host, member in {**others, **members}.items()}
    ways = ways_back(seen, tuple(host for host in members if VerbStep(CONVERGE) in steps[host]))
    return steps, {host: replace(member, way_back=ways[host]) for host, member in members.items()}


def _verified(
    members: Members, others: Members, course: Course, full: bool, on_event: OnEvent, away: LeftOut
) -> dict[str, Report]:
    """Check the hosts, one after the other, and note those whose checks fail."""
    reports, errors = dict[str, Report](), dict[str, KitError]()
    stack = [member.share.beside for member in {**others, **members}.values()]
    for host in filter(members.__contains__, course.going):
        try:
            reports[host] = _verify(members[host], full, on_event, away, stack)
        except KitError as error:
            errors[host] = error
    course.note(errors)
    return reports


def _verify(member: Member, full: bool, on_event: OnEvent, away: LeftOut, stack: Sequence[Beside]) -> Report:
    share, prepared = member.share, member.prepared

    def tell(check: Check) -> None:
        on_event(Event("verify", "progress", f"{check.service} {check.name}", host=share.host))

    # What an earlier run changed and never proved is not in this plan.
    touched = prepared.plan.touched_services if prepared.observation.is_proven and not full else ()
    on_event(Event("verify", "start", host=share.host))
    report = run_checks(share.deployment, touched or None, tell, share.way, away, stack)
    on_event(Event("verify", "done" if report.passed else "failed", host=share.host))
    if not report.passed:
        raise KitError(
            "the stack runs, but these checks failed:\n" + report.failures_text(),
            f"look at `{Line('logs')}`, mend the cause, then run `{Line('apply')}` again",
        )
    return report


def _accept_all(members: Members, run: str, course: Course) -> None:
    """Accept the releases; with several hosts, none forgets the way back before all have accepted."""
    alone = len(members) == 1
    course.reach("accepted", *course.each({host: partial(_accept, each, run, alone) for host, each in members.items()}))
    if not alone:
        course.each({host: partial(_settle, each, run) for host, each in members.items()})


def _accept(member: Member, run: str, alone: bool) -> None:
    member.transport.call(ACCEPT, accept_request(member, run, alone=alone))


def _settle(member: Member, run: str) -> None:
    member.transport.call(SETTLE, base_request(member.share.deployment.stack, run))
