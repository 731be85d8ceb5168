"""`kit verify`."""

from __future__ import annotations

from collections.abc import Collection
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
from deploy.hosts.wire.transport import Transport
from deploy.verify.report import Check, Report
from deploy.verify.run import run_checks

if TYPE_CHECKING:
    from deploy.agent.contract.applied import AppliedRequest


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
    away = [desired.ways[host].address for host in left_out]
    with progress() as display:
        reports = hosts.each(
            lambda host, _: _checked(desired.on(host), wanted[host] if target.names else None, display, away)
        )
    unapplied = hosts.each(lambda host, transport: _unapplied(desired.on(host), transport))
    texts = {
        host: "\n\n".join(filter(None, (report_table(report), unapplied[host]))) for host, report in reports.items()
    }
    told = {host: {**report.as_json(), "applied": not unapplied[host]} for host, report in reports.items()}
    passed = all(report.passed for report in reports.values())
    document = {"stack": desired.stack, "passed": passed, "hosts": told, "left_out": left_out}
    output.answer(blocks(texts), document, is_fitted=True)
    return 0 if passed else FAILED


def _checked(share: Share, services: tuple[str, ...] | None, display: Display, away: Collection[str]) -> Report:
    def tell(check: Check) -> None:
        display(Event("verify", "progress", f"{check.service} {check.name}", host=share.host))

    display(Event("verify", "start", host=share.host))
    report = run_checks(share.deployment, services, tell, share.way, away)
    display(Event("verify", "done", host=share.host))
    return report


def _unapplied(share: Share, transport: Transport) -> str:
    """Return a note if the host has another release than kit.yaml: an apply may cure a failed check."""
    request: AppliedRequest = {"stack": share.deployment.stack}
    current = transport.call(APPLIED, request)["release"]
    if current == share.bundle.release:
        return ""
    why = "is not applied yet" if current is None else "or kit.lock has changed since the last apply"
    return f"{share.path} {why}; the checks compared the host with it: {Line('plan', spec=share.path)}"
