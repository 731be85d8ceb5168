"""Backups of an applied stack, host by host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from deploy.agent.contract.verbs import BACK_UP, BACKED_UP_SPEC, BACKUPS, CHECK_BACKUPS, DIFF_BACKUPS, DRILL, RESTORE
from deploy.errors import KitError
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
    )
    from deploy.agent.contract.envelope import StackRequest
    from deploy.agent.contract.restores import (
        OtherRepository,
        RestoreAnswer,
        RestoreRequest,
        Restoring,
        SpecAnswer,
        SpecRequest,
    )
    from deploy.decide.desired import Share


Bring: TypeAlias = "Callable[[StackRequest], OtherRepository]"
"""Gets another host's repository, with the beginning of a request under the hold."""


def back_up(stack: str, transport: Transport, on_line: OnLine, *, takes_over: bool = False) -> BackUpAnswer:
    """Take a backup of one host now; it may follow another machine that used the same repository."""
    with held(transport, stack, "kit backup now", on_line) as base:
        return transport.call(BACK_UP, cast("BackUpRequest", {**base, "by_hand": True, "takes_over": takes_over}))


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
    stack: str,
    transport: Transport,
    on_line: OnLine,
    wanted: Restoring,
    health_timeouts: Mapping[str, float],
    bring: Bring | None = None,
) -> RestoreAnswer:
    """Restore a snapshot of one host, or take a restore back; `bring` gets the repository under the same hold."""
    with held(transport, stack, "kit backup restore", on_line) as base:
        if bring is not None:
            wanted = {**wanted, "other": bring(base)}
        request: RestoreRequest = {**base, **wanted, "health_timeouts": health_timeouts}
        return transport.call(RESTORE, request)


def restore_and_check(
    share: Share, transport: Transport, on_line: OnLine, wanted: Restoring, bring: Bring | None = None
) -> RestoreAnswer:
    """Restore and check; take the restore back if a check of the restored services fails."""
    from deploy.verify.run import run_checks

    stack = share.deployment.stack
    limits = {service.name: float(service.health_timeout_seconds) for service in share.deployment.services}
    answer = restore(stack, transport, on_line, wanted, limits, bring)
    if not answer["services"]:
        return answer
    report = run_checks(share.deployment, tuple(answer["services"]), lambda _check: None, share.way)
    if report.passed:
        return answer
    returned = restore(stack, transport, on_line, {"back": answer["aside"]}, limits)
    kept = [
        f"{part} as it was restored, and what was written since: {path}" for part, path in returned["aside"].items()
    ]
    raise KitError(
        "\n".join(
            ["the restored services failed their checks, and the former data is back:", report.failures_text(), *kept]
        ),
        "choose another backup",
    )


def backed_up_spec(transport: Transport, other: OtherRepository, snapshot: str) -> SpecAnswer:
    """Return kit.yaml and kit.lock of a snapshot in a repository that a host reaches."""
    request: SpecRequest = {"other": other, "snapshot": snapshot}
    return transport.call(BACKED_UP_SPEC, request)


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
