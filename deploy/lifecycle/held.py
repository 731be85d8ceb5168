"""A change under a host's hold, for verbs that need no playbook."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy.apply.requests.base import base_request, hold_request
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import StackRequest


@contextmanager
def held(transport: Transport, stack: str, command: str, on_line: OnLine) -> Iterator[StackRequest]:
    """Hold the host; give the beginning of a verb's request."""
    run = secrets.token_hex(8)
    with transport.hold(hold_request(stack, run, command), on_line):
        yield {**base_request(stack, run), "project": Stack(stack).project}
