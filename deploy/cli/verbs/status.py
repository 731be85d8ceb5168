"""`kit status`."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.apply.prepare import prepare
from deploy.cli.terminal.output import Output
from deploy.cli.told.drift import drift
from deploy.cli.told.state import state_document, state_text
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.decide.desired import load_desired
from deploy.errors import PENDING
from deploy.hosts.reach import reach
from deploy.stack import HERE


@verb("status", "status", "status --check inventories/quickstart/kit.yaml")
@click.option("--check", is_flag=True, help="Exit 3 when the host differs from what was applied.")
@spec_argument
def command(output: Output, spec: Path, check: bool) -> int:
    """Show what runs, what differs, and where the data lies.

    Services with their image, health and ports; the release; the Debian versions inside the images; and drift: what
    changed on the host since the last apply without one. What kit.yaml would change is `kit plan`'s to say.
    """
    desired = load_desired(spec).on(HERE)
    prepared = prepare(desired, reach()[HERE])
    text = state_text(desired, prepared, output.verbose)
    output.answer(text, state_document(desired, prepared), is_fitted=True)
    return PENDING if check and drift(prepared.observation) else 0
