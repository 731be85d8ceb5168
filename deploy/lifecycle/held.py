"""One change under the host's hold, for the verbs that need no playbook."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from deploy.apply.story import Event, from_journal
from deploy.hosts.transport import Transport
from deploy.stack import Stack

OnEvent = Callable[[Event], None]
Document = dict[str, Any]


def call_held(transport: Transport, stack: str, command: str, verb: str, more: Document, on_event: OnEvent) -> Document:
    """Take the hold, ask the agent for one verb, and let go."""
    own = Stack(stack)
    request = {"format": 1, "stack": stack, "root": own.root, "run": secrets.token_hex(8)}
    with transport.hold(request | {"command": command}, lambda line: on_event(from_journal(line))):
        return transport.call(verb, request | {"project": own.project} | more)
