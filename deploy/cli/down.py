"""`kit down`."""

from __future__ import annotations

from pathlib import Path

from deploy.cli.declare import spec_argument, verb
from deploy.cli.names import known
from deploy.cli.output import Output
from deploy.cli.progress import progress
from deploy.cli.rights import ensure_root
from deploy.errors import typed
from deploy.hosts.transport import LocalTransport
from deploy.lifecycle.remove import take_down


@verb("down", "down", "down inventories/quickstart/kit.yaml")
@spec_argument
def command(output: Output, spec: Path) -> None:
    """Remove the containers; data, releases and images stay.

    `kit apply` brings them back as they were.
    """
    stack = known(spec).stack
    ensure_root("down changes this machine")
    with progress() as display:
        answer = take_down(stack, LocalTransport(), display)
    words = f"{stack} is down; its data stays. kit apply {typed(spec)} brings it back."
    output.answer(words if answer["changed"] else "nothing to remove", {"stack": stack, "changed": answer["changed"]})
