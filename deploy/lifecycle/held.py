"""A change under a host's hold, for verbs that need no playbook."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy.agent.contract import FORMAT
from deploy.apply.story import Event, from_journal
from deploy.hosts.transport import Transport
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import HoldRequest, StackRequest

OnEvent = Callable[[Event], None]


@contextmanager
def held(transport: Transport, stack: str, command: str, on_event: OnEvent) -> Iterator[StackRequest]:
    """Hold the host; give the beginning of a verb's request."""
    own = Stack(stack)
    request: StackRequest = {
        "format": FORMAT,
        "stack": stack,
        "root": own.root,
        "run": secrets.token_hex(8),
    }
    asked: HoldRequest = {**request, "command": command}
    with transport.hold(asked, lambda line: on_event(from_journal(line))):
        yield {**request, "project": own.project}
