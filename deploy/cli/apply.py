"""`kit apply`."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.choices import Choices
from deploy.cli.data_option import data_option
from deploy.cli.declare import spec_argument, verb
from deploy.cli.output import Output
from deploy.cli.rights import ensure_root
from deploy.hosts.transport import LocalTransport


@verb("apply", "apply", "apply inventories/quickstart/kit.yaml", "apply --yes --json home/kit.yaml")
@click.option("--yes", is_flag=True, help="Do not ask, also where something that runs is changed.")
@click.option("--full", is_flag=True, help="Run every step, also those that have nothing to do.")
@data_option
@spec_argument
def command(output: Output, spec: Path, data: Choices, yes: bool, full: bool) -> int:
    """Make this machine what kit.yaml says.

    Shows the plan, then carries it out, verifies what it touched, and says where to click. A plan that only adds asks
    nothing. One that stops, recreates or removes something asks first on a terminal; without a terminal it goes on, as
    with --yes. Where user data would stay in another folder, or is not there, it refuses until --data says what to do.
    A release that fails is taken back: the last good one runs again. No plan deletes user data: only
    `kit destroy --data` does.
    """
    transport = LocalTransport()
    with transport.ahead("probe"):
        # Loading these takes as long as the agent takes to start: both go on side by side.
        from deploy.cli.applying import apply_and_tell
        from deploy.desired import recall_desired

        desired = recall_desired(spec)
        ensure_root("apply changes this machine")
        return apply_and_tell(output, desired, transport, choices=data, yes=yes, full=full)
