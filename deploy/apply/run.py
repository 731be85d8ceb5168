"""One apply: hold the host, carry out the phases, ask the checks, accept the release."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import ACCEPT
from deploy.agent.line import Line
from deploy.apply.ansible import run_playbook
from deploy.apply.asked import Request, request_of
from deploy.apply.audit import audit_line
from deploy.apply.events import TaskEvent
from deploy.apply.files import opener
from deploy.apply.needed import steps_of
from deploy.apply.phases import Phase, Step, neighbours, phases_of
from deploy.apply.playbook import playbook_run
from deploy.apply.prepare import Outcome, Prepared, ensure_same, prepare
from deploy.apply.process import PlaybookResult
from deploy.apply.references import ensure_given
from deploy.apply.requests import base_request
from deploy.apply.story import Event, from_journal
from deploy.apply.streams import carry_out
from deploy.apply.words import task_words
from deploy.decide.desired import Share
from deploy.deployment.places import places_request
from deploy.errors import KitError
from deploy.hosts.transport import Transport
from deploy.verify.report import Check, Report
from deploy.verify.run import run_checks

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import HoldRequest, StepState
    from deploy.agent.contract.releases import AcceptRequest

OnEvent = Callable[[Event], None]


def apply(
    desired: Share, transport: Transport, prepared: Prepared, on_event: OnEvent, *, full: bool = False
) -> Outcome:
    """Make the host as planned; raise KitError when it refuses, fails, or was taken back."""
    run = secrets.token_hex(8)
    request: HoldRequest = {**base_request(desired.deployment, run), "command": "kit apply"}
    story = _Story(on_event)
    with transport.hold(request, lambda line: story.tell(from_journal(line))):
        held = prepare(desired, transport, prepared.choices)
        ensure_same(prepared.plan, held.plan)
        ensure_given(desired, held.observation)
        changed = _carry_out(_phases(desired, held, full), desired, transport, held, run, story)
        report = _verify(desired, held, full, on_event)
        accepted: AcceptRequest = {
            **base_request(desired.deployment, run),
            "release": desired.bundle.release,
            "audit": audit_line(desired, held.plan),
            "places": places_request(desired.deployment),
            "origin": str(desired.path.resolve()),
        }
        transport.call(ACCEPT, accepted)
    return Outcome(held.plan, changed, report)


@dataclass
class _Story:
    """What is told of a run, each event with the phase that goes on."""

    on_event: OnEvent
    phase: str = ""

    def begin(self, phase: str) -> None:
        """Note that a phase begins."""
        self.phase = phase

    def tell(self, event: Event) -> None:
        """Tell an event of the phase that goes on."""
        self.on_event(replace(event, phase=self.phase))

    def tell_task(self, event: TaskEvent) -> None:
        """Tell an event of a playbook."""
        states: dict[str, StepState] = {"started": "start", "failed": "failed", "unreachable": "failed"}
        self.tell(Event(task_words(event), states.get(event.state, "done"), host=event.host))


def _phases(desired: Share, held: Prepared, full: bool) -> tuple[Phase, ...]:
    return phases_of({desired.host: steps_of(desired.deployment, held.observation, held.plan, full=full)})


def _carry_out(
    phases: tuple[Phase, ...], desired: Share, transport: Transport, held: Prepared, run: str, story: _Story
) -> int:
    """Carry out the phases, one after the other; return how many steps and tasks changed something."""

    def request(step: Step) -> Request:
        return request_of(step, desired, held, run)

    opened, changed = opener(desired.deployment, desired.path.parent), 0
    for executor, group in neighbours(phases):
        if executor == "streams":
            for phase in group:
                story.begin(phase.name)
                steps = phase.steps[desired.host]
                changed += sum(carry_out(step, transport, request, opened, story.tell) for step in steps)
        else:
            playbook = playbook_run(group, desired, held, transport)
            result = run_playbook(playbook, lambda _, step: request(step), story.tell_task, story.begin)
            _ensure_done(result)
            changed += result.changed
    story.begin("")
    return changed


def _ensure_done(result: PlaybookResult) -> None:
    if result.failures:
        problem = "\n".join(failure.problem for failure in result.failures)
        raise KitError(problem, "\n".join(failure.next_step for failure in result.failures if failure.next_step))


def _verify(desired: Share, held: Prepared, full: bool, on_event: OnEvent) -> Report:
    def tell(check: Check) -> None:
        on_event(Event("verify", "progress", f"{check.service} {check.name}"))

    # What an earlier run changed and never proved is not in this plan.
    touched = held.plan.touched_services if held.observation.is_proven and not full else ()
    on_event(Event("verify", "start"))
    report = run_checks(desired.deployment, touched or None, tell)
    on_event(Event("verify", "done" if report.passed else "failed"))
    if not report.passed:
        raise KitError(
            "the stack runs, but these checks failed:\n" + report.failures_text(),
            f"look at `{Line('logs')}`, mend the cause, then run `{Line('apply')}` again",
        )
    return report
