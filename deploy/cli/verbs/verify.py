"""`kit verify`."""

from __future__ import annotations

from deploy.agent.line import Line
from deploy.apply.story import Event
from deploy.cli.terminal.columns import report_table
from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.cli.verbs.declare import Target, services_argument, verb
from deploy.cli.verbs.names import chosen
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.desired import Share, load_desired
from deploy.errors import FAILED
from deploy.hosts.reach import reach
from deploy.hosts.transport import Transport
from deploy.lifecycle.applied import host_state
from deploy.stack import HERE
from deploy.verify.run import run_checks


@verb("verify", "verify", "verify main inventories/quickstart/kit.yaml")
@services_argument
def command(output: Output, target: Target) -> int:
    """Prove that the stack works and is closed where it should be.

    Asks the running services real questions through every hop, and looks at their ports, files, owners and limits.
    Exit 1 when a check fails.
    """
    desired, transport = load_desired(target.spec).on(HERE), reach()[HERE]
    deployment = desired.deployment
    services = chosen(target.names, (service.name for service in deployment.services))
    ensure_root("verify asks with the stack's own keys")
    with progress() as display:
        display(Event("verify", "start", host=desired.host))
        report = run_checks(
            deployment,
            services if target.names else None,
            lambda check: display(Event("verify", "progress", f"{check.service} {check.name}", host=desired.host)),
        )
        display(Event("verify", "done", host=desired.host))
    unapplied = _unapplied(desired, transport)
    text = "\n\n".join(filter(None, (report_table(report), unapplied)))
    seen = {**report.as_json(), "applied": not unapplied}
    document = {"stack": deployment.stack, "passed": report.passed, "hosts": {desired.host: seen}}
    output.answer(text, document, is_fitted=True)
    return 0 if report.passed else FAILED


def _unapplied(desired: Share, transport: Transport) -> str:
    """Say that kit.yaml is not what stands here: what failed may only wait for an apply."""
    current = host_state(transport, desired.deployment.stack)["release"]
    if current == desired.bundle.release:
        return ""
    why = "was never applied here" if current is None else "or kit.lock was changed and not applied since"
    return f"{desired.path} {why}; this compared the machine with it: {Line('plan', spec=desired.path)}"
