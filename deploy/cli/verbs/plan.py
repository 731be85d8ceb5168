"""`kit plan`."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.apply.prepare import Prepared, prepare
from deploy.apply.references import ensure_given
from deploy.cli.terminal.columns import coloured_plan
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.data_option import data_option
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.decide.desired import load_desired
from deploy.deployment.data_choices import Choices
from deploy.errors import AS_ROOT, FAILED, PENDING
from deploy.hosts.reach import reach
from deploy.stack import HERE


@verb("plan", "plan", "plan --check --json inventories/quickstart/kit.yaml")
@click.option("--check", is_flag=True, help="Exit 3 when something would change.")
@data_option
@spec_argument
def command(output: Output, spec: Path, data: Choices, check: bool) -> int:
    """Show what apply would change, and change nothing.

    One line an operation: what is done, to what, and why. Whatever stands in the way is refused here as in apply, with
    the same exit code; only that apply wants root does not count. Where nothing would change, notes that are no news
    are left out; --verbose has them.
    """
    desired = load_desired(spec).on(HERE)
    prepared = prepare(desired, reach()[HERE], data, tell=output.note)
    plan = prepared.plan
    if output.as_json:
        # One document: the plan, or what is missing.
        ensure_given(desired, prepared.observation)
    output.answer(
        coloured_plan(plan.text(verbose=output.verbose)),
        {"stack": plan.stack, "hosts": {desired.host: plan.as_json()}},
        is_fitted=True,
    )
    ensure_given(desired, prepared.observation)
    return exit_code(prepared, check)


def exit_code(prepared: Prepared, check: bool) -> int:
    """Return what a plan ends with: a script that is told of pending changes can apply them."""
    plan = prepared.plan
    # Who asks is no matter of the plan's, as long as all of it can be told
    if prepared.observation.docker.is_denied or any(step != AS_ROOT for _, step in plan.refusals):
        return FAILED
    return PENDING if check and not plan.is_empty else 0
