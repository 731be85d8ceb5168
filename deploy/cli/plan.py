"""`kit plan`."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.apply.prepare import prepare
from deploy.cli.columns import coloured_plan
from deploy.cli.declare import spec_argument, verb
from deploy.cli.output import Output
from deploy.desired import load_desired
from deploy.errors import PENDING
from deploy.hosts.transport import LocalTransport


@verb("plan", "plan", "plan --check --json inventories/quickstart/kit.yaml")
@click.option("--check", is_flag=True, help="Exit 3 when something would change.")
@spec_argument
def command(output: Output, spec: Path, check: bool) -> int:
    """Show what apply would change, and change nothing.

    One line an operation: what is done, to what, and why. Whatever stands in the way is refused here as in apply.
    Where nothing would change, notes that are no news are left out; --verbose has them.
    """
    plan = prepare(load_desired(spec), LocalTransport()).plan
    output.answer(coloured_plan(plan.text(verbose=output.verbose)), plan.as_json())
    return PENDING if check and (plan.refusals or not plan.is_empty) else 0
