"""`kit stop`."""

from __future__ import annotations

from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import Target, services_argument, verb
from deploy.cli.verbs.hosts import host_option
from deploy.cli.verbs.servicing import change


@verb("stop", "stop", "stop main inventories/quickstart/kit.yaml")
@host_option
@services_argument
def command(output: Output, target: Target) -> None:
    """Stop services until start or apply.

    All services unless some are named. They stay stopped over a reboot too; data, containers and releases stay.
    """
    change(output, target, "stop", "stopped")
