"""Backups of an applied stack, host by host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from deploy.agent.contract.verbs import BACK_UP, BACKUPS, CHECK_BACKUPS, DIFF_BACKUPS, DRILL, RESTORE
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.held import held
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.backups import (
        BackUpAnswer,
        BackUpRequest,
        BackupsAnswer,
        BackupsRequest,
        CheckAnswer,
        CheckRequest,
        DiffAnswer,
        DiffRequest,
        DrillAnswer,
        DrillRequest,
        RestoreAnswer,
        RestoreRequest,
        Restoring,
    )


def back_up(stack: str, transport: Transport, on_line: OnLine) -> BackUpAnswer:
    """Take a backup of one host now."""
    with held(transport, stack, "kit backup now", on_line) as request:
        return transport.call(BACK_UP, cast("BackUpRequest", {**request, "by_hand": True}))


def back_up_before_destroy(stack: str, transport: Transport, on_line: OnLine) -> BackUpAnswer:
    """Take a backup of one host before its data is removed."""
    with held(transport, stack, "kit destroy", on_line) as base:
        return transport.call(BACK_UP, cast("BackUpRequest", {**base, "before": "destroy"}))


def backups(stack: str, transport: Transport, snapshot: str | None = None) -> BackupsAnswer:
    """Return the snapshots of one host, or a single one with its parts."""
    request: BackupsRequest = {"stack": stack, "root": Stack(stack).root}
    if snapshot is not None:
        request["snapshot"] = snapshot
    return transport.call(BACKUPS, request)


def difference(stack: str, transport: Transport, first: str, second: str) -> DiffAnswer:
    """Return the difference between two snapshots of one host."""
    request: DiffRequest = {"stack": stack, "root": Stack(stack).root, "first": first, "second": second}
    return transport.call(DIFF_BACKUPS, request)


def restore(
    stack: str, transport: Transport, on_line: OnLine, wanted: Restoring, health_timeouts: Mapping[str, float]
) -> RestoreAnswer:
    """Restore a snapshot of one host, or take a restore back."""
    with held(transport, stack, "kit backup restore", on_line) as base:
        request: RestoreRequest = {**base, **wanted, "health_timeouts": health_timeouts}
        return transport.call(RESTORE, request)


def check_backups(stack: str, transport: Transport, on_line: OnLine) -> CheckAnswer:
    """Let a host check its repository and read all of it."""
    with held(transport, stack, "kit backup verify", on_line) as base:
        request: CheckRequest = {**base, "share": "1/1"}
        return transport.call(CHECK_BACKUPS, request)


def drill(stack: str, transport: Transport, on_line: OnLine, snapshot: str) -> DrillAnswer:
    """Let a host restore a snapshot beside what runs, and prove it."""
    with held(transport, stack, "kit backup drill", on_line) as base:
        request: DrillRequest = {**base, "snapshot": snapshot}
        return transport.call(DRILL, request)
