"""`kit down`."""

from __future__ import annotations

from pathlib import Path

from deploy.agent.line import Line
from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.cli.verbs.declare import spec_argument, stack_option, verb
from deploy.cli.verbs.rights import ensure_root
from deploy.hosts.reach import reach
from deploy.lifecycle.applied import stack_of
from deploy.lifecycle.remove import take_down
from deploy.stack import HERE


@verb("down", "down", "down inventories/quickstart/kit.yaml", "down --stack home")
@stack_option
@spec_argument
def command(output: Output, spec: Path, stack: str | None) -> None:
    """Remove the containers; data, releases and images stay.

    `kit apply` brings them back as they were.
    """
    transport = reach()[HERE]
    name = stack_of(spec, stack, transport)
    ensure_root("down changes this machine")
    with progress() as display:
        answer = take_down(name, transport, display)
    back = "" if stack else f" `{Line('apply', spec=spec)}` brings it back."
    words = f"{name} is down; its data stays.{back}" if answer["changed"] else "nothing to remove"
    output.answer(words, {"stack": name, "hosts": {HERE: {"changed": answer["changed"]}}})
