"""`kit restart`."""

from __future__ import annotations

from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import Target, services_argument, verb
from deploy.cli.verbs.hosts import host_option
from deploy.cli.verbs.servicing import change


@verb("restart", "restart", "restart main inventories/quickstart/kit.yaml")
@host_option
@services_argument
def command(output: Output, target: Target) -> None:
    """Restart services.

    All services unless some are named; waits until they are healthy. Nothing is recreated.
    """
    change(output, target, "restart", "restarted")
