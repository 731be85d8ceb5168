"""`kit logs`."""

from __future__ import annotations

import sys

import click

from deploy.agent.line import Line
from deploy.cli.declare import Target, services_argument, verb
from deploy.cli.names import chosen, known
from deploy.cli.output import Output, is_coloured
from deploy.errors import UsageError
from deploy.lifecycle.logs import log_lines, read_logs


@verb("logs", "logs --follow", "logs main --tail 20 inventories/quickstart/kit.yaml")
@click.option("--follow", "-f", is_flag=True, help="Go on printing until Ctrl-C.")
@click.option(
    "--tail", metavar="N", type=click.IntRange(min=0), default=100, show_default=True, help="Last lines only."
)
@services_argument
def command(output: Output, target: Target, follow: bool, tail: int) -> None:
    """Show what services print."""
    there = known(target.spec)
    project = f"kit-{there.stack}"
    services = chosen(target.names, there.services)
    if follow and output.as_json:
        raise UsageError("--follow has no end, and --json is one document", "leave one of them out")
    if output.as_json:
        output.answer("", {"stack": there.stack, "logs": read_logs(project, services, tail)})
        return
    line = b""
    for line in log_lines(project, services, tail, follow=follow, coloured=is_coloured(sys.stdout)):
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    if not line:
        output.note(f"nothing was printed; what runs is shown by: {Line('status', spec=target.spec)}")
