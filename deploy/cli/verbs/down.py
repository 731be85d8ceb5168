"""`kit down`."""

from __future__ import annotations

from pathlib import Path

from deploy.agent.line import Line
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import spec_argument, stack_option, verb
from deploy.cli.verbs.hosts import host_option, hosts_with, progress_by_host
from deploy.cli.verbs.rights import ensure_root
from deploy.lifecycle.applied import stack_of
from deploy.lifecycle.remove import take_down


@verb("down", "down", "down inventories/quickstart/kit.yaml", "down --stack home")
@stack_option
@host_option
@spec_argument
def command(output: Output, spec: Path, stack: str | None) -> None:
    """Remove the containers; data, releases and images stay.

    `kit apply` brings them back as they were.
    """
    hosts = hosts_with(spec, stack)
    name = stack_of(spec, stack, hosts)
    ensure_root(hosts, "down")
    with progress_by_host() as display:
        answers = hosts.each(lambda host, transport: take_down(name, transport, display(host)))
    changed = {host: answer["changed"] for host, answer in answers.items()}
    back = "" if stack else f" `{Line('apply', spec=spec)}` brings it back."
    words = f"{name} is down; its data stays.{back}" if any(changed.values()) else "nothing to remove"
    output.answer(words, {"stack": name, "hosts": {host: {"changed": was} for host, was in changed.items()}})
