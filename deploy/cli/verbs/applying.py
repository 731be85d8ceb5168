"""What apply and rebuild share: the plan shown, agreed to, carried out, and told."""

from __future__ import annotations

from deploy.apply.prepare import Outcome, Prepared, ensure_possible, prepare
from deploy.apply.references import ensure_given
from deploy.cli.terminal.consent import agreed
from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.cli.told.welcome import forecast, outcome_document, welcome
from deploy.decide.desired import Share, load_desired
from deploy.deployment.data_choices import Choices
from deploy.errors import FAILED
from deploy.hosts.transport import Transport


def apply_and_tell(
    output: Output,
    share: Share,
    transport: Transport,
    *,
    yes: bool,
    full: bool = False,
    choices: Choices | None = None,
    pinned: tuple[str, ...] = (),
) -> int:
    """Plan, ask where that is due, apply, and say what a person does next."""
    prepared = prepare(share, transport, choices, tell=output.note)
    ensure_given(share, prepared.observation)
    ensure_possible(prepared.plan)
    output.say(forecast(share, prepared, verbose=output.verbose))
    if not agreed(output, prepared.plan, yes):
        output.say("nothing was changed")
        return FAILED
    outcome = Outcome(prepared.plan)
    if full or not prepared.plan.is_empty:
        # Carried out is what the files say now, not what an earlier run kept of them.
        share = load_desired(share.path).on(share.host)
        outcome = _carry_out(share, transport, prepared, full)
    # The document needs the spec itself, which an empty plan does not load.
    document = outcome_document(share, outcome) | {"pinned": list(pinned)} if output.as_json else {}
    output.answer(welcome(share.desired, outcome), document)
    return 0


def _carry_out(share: Share, transport: Transport, prepared: Prepared, full: bool) -> Outcome:
    # What carries a plan out takes longer to load than an empty plan takes.
    from deploy.apply.run import apply

    with progress() as display:
        return apply(share, transport, prepared, display, full=full)
