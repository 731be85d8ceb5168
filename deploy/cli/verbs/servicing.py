"""What start, stop and restart share."""

from __future__ import annotations

from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.cli.verbs.declare import Target
from deploy.cli.verbs.names import chosen
from deploy.cli.verbs.rights import ensure_root
from deploy.hosts.reach import reach
from deploy.lifecycle.applied import applied
from deploy.lifecycle.services import Change, change_services
from deploy.stack import HERE


def change(output: Output, target: Target, what: Change, past: str) -> None:
    """Change the services that were named, or all of them, and say so."""
    transport = reach()[HERE]
    there = applied(target.spec, transport)
    services = chosen(target.names, there.health_timeouts)
    ensure_root(f"{what} changes this machine")
    with progress() as display:
        answer = change_services(there, transport, what, services, display)
    done = answer["services"]
    words = f"{past}: {', '.join(done)}" if done else f"nothing to {what}"
    document = {"stack": there.stack, "hosts": {HERE: {"services": done, "changed": answer["changed"]}}}
    output.answer(words, document)
