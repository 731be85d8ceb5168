"""A change under a host's hold, for verbs that need no playbook."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy.apply.requests.base import base_request, hold_request
from deploy.apply.story import Event, from_journal
from deploy.hosts.transport import Transport
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import StackRequest

OnEvent = Callable[[Event], None]


@contextmanager
def held(transport: Transport, stack: str, command: str, on_event: OnEvent) -> Iterator[StackRequest]:
    """Hold the host; give the beginning of a verb's request."""
    run = secrets.token_hex(8)
    with transport.hold(hold_request(stack, run, command), lambda line: on_event(from_journal(line))):
        yield {**base_request(stack, run), "project": Stack(stack).project}
