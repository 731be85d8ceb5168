"""`kit logs`."""

from __future__ import annotations

import sys

import click

from deploy.agent.line import Line
from deploy.cli.terminal.output import Output, is_coloured
from deploy.cli.verbs.declare import Target, services_argument, verb
from deploy.cli.verbs.hosts import host_option, hosts_of
from deploy.cli.verbs.names import chosen, known
from deploy.deployment.released import read_released
from deploy.errors import UsageError
from deploy.hosts.parallel import errors_of
from deploy.hosts.wire.transport import Transport
from deploy.lifecycle.applied import host_state
from deploy.lifecycle.checks_in_logs import check_lines
from deploy.lifecycle.logs import Asked, log_lines, read_logs


@verb("logs", "logs --follow", "logs main --tail 20 inventories/quickstart/kit.yaml")
@click.option("--follow", "-f", is_flag=True, help="Print new lines until Ctrl-C.")
@click.option(
    "--tail", metavar="N", type=click.IntRange(min=0), default=100, show_default=True, help="Number of last lines."
)
@click.option("--probes", is_flag=True, help="Also show the kit's own health checks.")
@host_option
@services_argument
def command(output: Output, target: Target, follow: bool, tail: int, probes: bool) -> None:
    """Show the services' logs.

    Passed health checks of the kit's own are left out; --probes shows them. With --follow, N counts them too.
    """
    there, hosts = known(target.spec), hosts_of(target.spec)
    services = chosen(target.names, (name for name in there.services if there.hosts[name] in hosts))
    if target.names:
        hosts = hosts.only({there.hosts[name] for name in services})
    if follow and output.as_json:
        raise UsageError("--follow has no end, and --json is one document", "leave one of them out")
    if follow and len(hosts) > 1:
        raise UsageError("--follow follows one host", f"--host NAME; there are: {', '.join(hosts)}")

    def asked(host: str, transport: Transport) -> Asked:
        checks = {} if probes else check_lines(read_released(host_state(transport, there.stack)["deployment"]))
        return Asked(there.stack, tuple(name for name in services if there.hosts[name] == host), tail, checks)

    questions = hosts.each(asked)
    if output.as_json:
        logs = hosts.each(lambda host, transport: {"logs": read_logs(transport, questions[host])})
        output.answer("", {"stack": there.stack, "hosts": logs})
        return
    line = b""
    for host, transport in hosts.items():
        with errors_of(host):
            for line in log_lines(transport, questions[host], follow=follow, coloured=is_coloured(sys.stdout)):
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
    if not line:
        output.note(f"nothing was printed; what runs is shown by: {Line('status', spec=target.spec)}")
