"""`kit logs`."""

from __future__ import annotations

import sys

import click

from deploy.agent.line import Line
from deploy.cli.terminal.output import Output, is_coloured
from deploy.cli.verbs.declare import Target, services_argument, verb
from deploy.cli.verbs.names import chosen, known
from deploy.errors import UsageError
from deploy.hosts.reach import reach
from deploy.lifecycle.applied import host_state
from deploy.lifecycle.checks_in_logs import check_lines
from deploy.lifecycle.logs import log_lines, read_logs
from deploy.stack import HERE


@verb("logs", "logs --follow", "logs main --tail 20 inventories/quickstart/kit.yaml")
@click.option("--follow", "-f", is_flag=True, help="Go on printing until Ctrl-C.")
@click.option(
    "--tail", metavar="N", type=click.IntRange(min=0), default=100, show_default=True, help="Last lines only."
)
@click.option("--probes", is_flag=True, help="Show the kit's own health checks as well.")
@services_argument
def command(output: Output, target: Target, follow: bool, tail: int, probes: bool) -> None:
    """Show what services print.

    The kit's own health checks are left out where they pass; --probes shows them. With --follow, N counts them too.
    """
    there = known(target.spec)
    transport = reach()[HERE]
    services = chosen(target.names, there.services)
    checks = {} if probes else check_lines(host_state(transport, there.stack)["deployment"])
    if follow and output.as_json:
        raise UsageError("--follow has no end, and --json is one document", "leave one of them out")
    if output.as_json:
        logs = read_logs(transport, there.stack, services, tail, checks)
        output.answer("", {"stack": there.stack, "hosts": {HERE: {"logs": logs}}})
        return
    line = b""
    coloured = is_coloured(sys.stdout)
    shown = log_lines(transport, there.stack, services, tail, follow=follow, coloured=coloured, checks=checks)
    for line in shown:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    if not line:
        output.note(f"nothing was printed; what runs is shown by: {Line('status', spec=target.spec)}")
