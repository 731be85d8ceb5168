"""The common part of apply and rebuild: the plan shown, agreed to, carried out, and reported."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.apply.prepare import Outcome, Prepared, ensure_possible, prepare
from deploy.apply.references import ensure_given
from deploy.cli.terminal.consent import agreed
from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.cli.told.welcome import forecast, outcome_document, welcome
from deploy.cli.verbs.data_option import choices_of
from deploy.cli.verbs.hosts import blocks
from deploy.decide.desired import Desired, load_desired
from deploy.deployment.data_choices import Choices
from deploy.errors import FAILED
from deploy.hosts.reach import Hosts


def apply_and_tell(
    output: Output,
    desired: Desired,
    hosts: Hosts,
    *,
    yes: bool,
    full: bool = False,
    choices: Choices | None = None,
    pinned: tuple[str, ...] = (),
) -> int:
    """Plan, ask where that is due, apply, and print the next steps."""
    prepared = hosts.each(
        lambda host, transport: prepare(
            desired.on(host), transport, choices_of(desired, host, choices or {}), tell=output.note
        )
    )
    hosts.each(lambda host, _: ensure_given(desired.on(host), prepared[host].observation))
    hosts.each(lambda host, _: ensure_possible(prepared[host].plan))
    output.say(
        blocks({host: forecast(desired.on(host), each, verbose=output.verbose) for host, each in prepared.items()})
    )
    if not agreed(output, [each.plan for each in prepared.values()], yes):
        output.say("nothing was changed")
        return FAILED
    outcomes = {host: Outcome(each.plan) for host, each in prepared.items()}
    if changing := hosts.only([host for host, each in prepared.items() if full or not each.plan.is_empty]):
        # Carried out is what the files say now, not what an earlier run kept of them.
        desired = load_desired(desired.path)
        outcomes |= _carry_out(desired, changing, hosts, prepared, full)
    # The document needs the spec itself, which an empty plan does not load.
    document = outcome_document(desired, outcomes) | {"pinned": list(pinned)} if output.as_json else {}
    output.answer(welcome(desired, outcomes), document)
    return 0


def _carry_out(
    desired: Desired, changing: Hosts, hosts: Hosts, prepared: Mapping[str, Prepared], full: bool
) -> dict[str, Outcome]:
    # What carries a plan out takes longer to load than an empty plan takes.
    from deploy.apply.members import Member
    from deploy.apply.run import apply

    members = {host: Member(desired.on(host), transport, prepared[host]) for host, transport in hosts.items()}
    idle = {host: member for host, member in members.items() if host not in changing}
    with progress() as display:
        return apply({host: members[host] for host in changing}, display, full=full, others=idle)
