"""One apply: hold the host, run the playbook, ask the checks, accept the release."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from deploy.agent.line import Line
from deploy.apply.ansible import run_playbook
from deploy.apply.audit import audit_line
from deploy.apply.events import TaskEvent
from deploy.apply.playbook import playbook_run
from deploy.apply.prepare import Outcome, Prepared, ensure_same, prepare
from deploy.apply.process import PlaybookResult
from deploy.apply.references import ensure_given
from deploy.apply.requests import base_request
from deploy.apply.story import Event, State, from_journal
from deploy.apply.words import task_words
from deploy.decide.desired import Desired
from deploy.deployment.places import places_request
from deploy.errors import KitError
from deploy.hosts.transport import Transport
from deploy.verify.report import Check, Report
from deploy.verify.run import run_checks

OnEvent = Callable[[Event], None]


def apply(
    desired: Desired, transport: Transport, prepared: Prepared, on_event: OnEvent, *, full: bool = False
) -> Outcome:
    """Make the host as planned; raise KitError when it refuses, fails, or was taken back."""
    run = secrets.token_hex(8)
    request = base_request(desired.deployment, run) | {"command": "kit apply"}
    with transport.hold(request, lambda line: on_event(from_journal(line))):
        held = prepare(desired, transport, prepared.choices, digests=prepared.observation.source_digests)
        ensure_same(prepared.plan, held.plan)
        ensure_given(desired, held.observation)
        result = run_playbook(
            playbook_run(desired, held.plan, held.observation, transport.agent_path, run, full, held.given),
            _playbook_events(on_event),
        )
        _ensure_done(result)
        report = _verify(desired, held, full, on_event)
        audit = audit_line(desired, held.plan)
        places = places_request(desired.deployment)
        accepted = {"release": desired.bundle.release, "audit": audit, "places": places}
        accepted["origin"] = str(desired.path.resolve())
        transport.call("accept", base_request(desired.deployment, run) | accepted)
    return Outcome(held.plan, result.changed, report)


def _playbook_events(on_event: OnEvent) -> Callable[[TaskEvent], None]:
    states: dict[str, State] = {"started": "start", "failed": "failed", "unreachable": "failed"}

    def forward(event: TaskEvent) -> None:
        on_event(Event(task_words(event.task), states.get(event.state, "done")))

    return forward


def _ensure_done(result: PlaybookResult) -> None:
    if result.failures:
        problem = "\n".join(failure.problem for failure in result.failures)
        raise KitError(problem, "\n".join(failure.next_step for failure in result.failures if failure.next_step))


def _verify(desired: Desired, held: Prepared, full: bool, on_event: OnEvent) -> Report:
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
