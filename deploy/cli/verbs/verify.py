"""`kit verify`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import APPLIED
from deploy.agent.line import Line
from deploy.apply.event import Event
from deploy.cli.terminal.columns import report_table
from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import Display, progress
from deploy.cli.verbs.declare import Target, services_argument, verb
from deploy.cli.verbs.hosts import answering, blocks, host_option, reached
from deploy.cli.verbs.names import by_host, chosen
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.desired import Share, recall_desired
from deploy.errors import FAILED
from deploy.hosts.observation.backups import SeenBackups
from deploy.hosts.wire.transport import Transport
from deploy.verify.backups import backup_check
from deploy.verify.indexes import index_check
from deploy.verify.left_out import LeftOut
from deploy.verify.report import Check, Report
from deploy.verify.run import run_checks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.agent.contract.applied import AppliedAnswer, AppliedRequest
    from deploy.verify.beside import Beside


@verb("verify", "verify", "verify main inventories/quickstart/kit.yaml")
@host_option
@services_argument
def command(output: Output, target: Target) -> int:
    """Prove that the stack works and is closed to everybody else.

    Asks the running services real questions, through the gateway too, and checks their ports, files, owners and
    limits. Exit 1 if a check fails.
    """
    desired = recall_desired(target.spec)
    hosts, left_out = answering(output, desired.ways, reached(desired.ways))
    there = {host: desired.deployments[host] for host in hosts}
    known = [service.name for deployment in there.values() for service in deployment.services]
    wanted = by_host(chosen(target.names, known), there)
    if target.names:
        hosts = hosts.only(wanted)
    ensure_root(hosts, "verify", ": it asks with the stack's own keys")
    away = desired.left_out(left_out)
    stack = [desired.on(host).beside for host in there]
    # The checks' own processes ask no person for a password, and take long: a host in trouble is told before them.
    seen = hosts.each(lambda host, transport: _applied(desired.on(host), transport))
    with progress() as display:
        reports = hosts.each(
            lambda host, _: _checked(desired.on(host), wanted[host] if target.names else None, display, away, stack)
        )
    unapplied = {host: _unapplied(desired.on(host), answer) for host, answer in seen.items()}
    reports = {host: _with_indexes(report, seen[host], wanted.get(host, ())) for host, report in reports.items()}
    if not target.names:
        reports = {host: _with_backups(desired.on(host), report, seen[host]) for host, report in reports.items()}
    texts = {
        host: "\n\n".join(filter(None, (report_table(report), unapplied[host]))) for host, report in reports.items()
    }
    told = {host: {**report.as_json(), "applied": not unapplied[host]} for host, report in reports.items()}
    passed = all(report.passed for report in reports.values())
    document = {"stack": desired.stack, "passed": passed, "hosts": told, "left_out": left_out}
    output.answer(blocks(texts), document, is_fitted=True)
    return 0 if passed else FAILED


def _checked(
    share: Share, services: tuple[str, ...] | None, display: Display, away: LeftOut, stack: Sequence[Beside]
) -> Report:
    def tell(check: Check) -> None:
        display(Event("verify", "progress", f"{check.service} {check.name}", host=share.host))

    display(Event("verify", "start", host=share.host))
    report = run_checks(share.deployment, services, tell, share.way, away, stack)
    display(Event("verify", "done", host=share.host))
    return report


def _applied(share: Share, transport: Transport) -> AppliedAnswer:
    request: AppliedRequest = {"stack": share.deployment.stack, "indexes": True}
    return transport.call(APPLIED, request)


def _with_indexes(report: Report, seen: AppliedAnswer, wanted: tuple[str, ...]) -> Report:
    """Return a report with the checks of the search indexes of these services."""
    indexes = seen.get("indexes", {})
    checks = (index_check(name, indexes[name]) for name in sorted(indexes) if name in wanted)
    return Report((*report.checks, *checks))


def _with_backups(share: Share, report: Report, seen: AppliedAnswer) -> Report:
    """Return a report with the check of the host's backups, if it shall have any."""
    if share.deployment.backup is None or "backups" not in seen:
        return report
    return Report((*report.checks, backup_check(SeenBackups(**seen["backups"]), datetime.now(UTC))))


def _unapplied(share: Share, seen: AppliedAnswer) -> str:
    """Return a note if the host has another release than kit.yaml: an apply may cure a failed check."""
    current = seen["release"]
    if current == share.bundle.release:
        return ""
    why = "is not applied yet" if current is None else "or kit.lock has changed since the last apply"
    return f"{share.path} {why}; the checks compared the host with it: {Line('plan', spec=share.path)}"
