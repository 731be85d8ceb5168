"""`kit start`."""

from __future__ import annotations

from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import Target, services_argument, verb
from deploy.cli.verbs.hosts import host_option
from deploy.cli.verbs.servicing import change


@verb("start", "start", "start main inventories/quickstart/kit.yaml")
@host_option
@services_argument
def command(output: Output, target: Target) -> None:
    """Start services that were stopped.

    All services unless some are named; waits until they are healthy.
    """
    change(output, target, "start", "started")
