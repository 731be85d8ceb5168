"""The common part of apply and rebuild: the plan shown, agreed to, carried out, and reported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

from deploy.apply.prepared.prepare import Outcome, Prepared, ensure_possible, prepare
from deploy.apply.prepared.references import ensure_given, lent_values
from deploy.apply.prepared.together import planned_together
from deploy.cli.terminal.consent import agreed
from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.cli.told.welcome import forecast, outcome_document, welcome
from deploy.cli.verbs.data_option import choices_of
from deploy.cli.verbs.hosts import blocks
from deploy.decide.desired import Desired, load_desired
from deploy.deployment.data_choices import Choices
from deploy.errors import FAILED, KitError
from deploy.hosts.parallel import joined_error, settled
from deploy.hosts.reach import Hosts
from deploy.hosts.wire.transport import Transport


@dataclass(frozen=True)
class Options:
    """A person's words for an apply, and the hosts that it goes on without."""

    yes: bool
    full: bool = False
    keep_going: bool = False
    choices: Choices = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Optional hosts that do not answer, with the problem of each."""


def apply_and_tell(
    output: Output,
    desired: Desired,
    hosts: Hosts,
    options: Options,
    document: Mapping[str, object] | None = None,
) -> int:
    """Plan, ask if needed, apply, and print the next steps; `document` has more keys of the JSON document."""
    done = planned_and_applied(output, desired, hosts, options)
    if done is None:
        return FAILED
    desired, outcomes = done
    # The document needs the spec itself, which an empty plan does not load.
    more = {"left_out": dict(options.left_out), **(document or {})}
    told = {**outcome_document(desired, outcomes), **more} if output.as_json else {}
    output.answer(welcome(desired, outcomes), told)
    return 0


def planned_and_applied(
    output: Output, desired: Desired, hosts: Hosts, options: Options
) -> tuple[Desired, dict[str, Outcome]] | None:
    """Plan, ask if needed, and apply; return what was carried out, or None if a person said no."""
    prepared, failed = _prepared(output, desired, hosts, options)
    going = _going(output, desired, hosts, prepared, failed)
    output.say(blocks({host: forecast(desired.on(host), each, verbose=output.verbose) for host, each in going.items()}))
    if not agreed(output, [each.plan for each in going.values()], options.yes):
        output.say("nothing was changed")
        return None
    outcomes = {host: Outcome(each.plan) for host, each in prepared.items()}
    changing = [host for host, each in prepared.items() if options.full or not each.plan.is_empty]
    if changing or failed:
        # Carried out is what the files say now, not what an earlier run kept of them.
        desired = load_desired(desired.path)
        outcomes |= _carry_out(desired, hosts, changing, prepared, failed, options)
    return desired, outcomes


def _prepared(
    output: Output, desired: Desired, hosts: Hosts, options: Options
) -> tuple[dict[str, Prepared], dict[str, KitError]]:
    """Plan every host; return the plans, and the errors of the hosts without one where the others keep going."""
    lent = lent_values(desired, hosts)

    def ready(host: str, transport: Transport) -> Prepared:
        share, chosen = desired.on(host), choices_of(desired, host, options.choices)
        prepared = prepare(share, transport, chosen, tell=output.note, lent=lent[host])
        ensure_given(desired.on(host), prepared.observation)
        return prepared

    prepared, failed = hosts.settled(ready)
    prepared = planned_together({host: desired.on(host) for host in prepared}, prepared)
    prepared, refused = settled({host: partial(_possible, each) for host, each in prepared.items()})
    failed |= refused
    if failed and not (options.keep_going and prepared):
        raise joined_error(failed, hosts)
    return prepared, failed


def _possible(prepared: Prepared) -> Prepared:
    ensure_possible(prepared.plan)
    return prepared


def _going(
    output: Output,
    desired: Desired,
    hosts: Hosts,
    prepared: Mapping[str, Prepared],
    failed: Mapping[str, KitError],
) -> Mapping[str, Prepared]:
    """Return the plans of the hosts that an apply goes on with; tell the others."""
    if not failed:
        return prepared
    # Most applies leave no host out.
    from deploy.apply.phases.order import dependents_of

    for host, error in failed.items():
        output.note(f"{host} is left out: {error.problem}")
    behind = dependents_of(failed, tuple(hosts), desired.needs)
    for host in behind:
        output.note(f"{host} is left out: it needs a host that is left out")
    return {host: each for host, each in prepared.items() if host not in behind}


def _carry_out(
    desired: Desired,
    hosts: Hosts,
    changing: Collection[str],
    prepared: Mapping[str, Prepared],
    failed: Mapping[str, KitError],
    options: Options,
) -> dict[str, Outcome]:
    # What carries a plan out takes longer to load than an empty plan takes.
    from deploy.apply.prepared.members import Member
    from deploy.apply.run import apply

    members = {host: Member(desired.on(host), hosts[host], each) for host, each in prepared.items()}
    idle = {host: member for host, member in members.items() if host not in changing}
    with progress() as display:
        return apply(
            {host: members[host] for host in changing},
            display,
            needs=desired.needs,
            failed=failed,
            others=idle,
            keep_going=options.keep_going,
            full=options.full,
            away=desired.left_out(options.left_out),
        )
