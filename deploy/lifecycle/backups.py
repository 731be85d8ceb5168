"""Backups of an applied stack, host by host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import BACK_UP, BACKUPS
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.held import held
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.backups import BackUpAnswer, BackupsAnswer, BackupsRequest


def back_up(stack: str, transport: Transport, on_line: OnLine) -> BackUpAnswer:
    """Take a backup of one host now."""
    with held(transport, stack, "kit backup now", on_line) as request:
        return transport.call(BACK_UP, request)


def backups(stack: str, transport: Transport, snapshot: str | None = None) -> BackupsAnswer:
    """Return the snapshots of one host, or a single one with its parts."""
    request: BackupsRequest = {"stack": stack, "root": Stack(stack).root}
    if snapshot is not None:
        request["snapshot"] = snapshot
    return transport.call(BACKUPS, request)
