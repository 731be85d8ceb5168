"""`kit verify`."""

from __future__ import annotations

from deploy.apply.story import Event
from deploy.cli.columns import report_table
from deploy.cli.declare import Target, services_argument, verb
from deploy.cli.names import chosen
from deploy.cli.output import Output
from deploy.cli.progress import progress
from deploy.cli.rights import ensure_root
from deploy.desired import load_desired
from deploy.errors import FAILED
from deploy.verify.run import run_checks


@verb("verify", "verify", "verify main inventories/quickstart/kit.yaml")
@services_argument
def command(output: Output, target: Target) -> int:
    """Prove that the stack works and is closed where it should be.

    Asks the running services real questions through every hop, and looks at their ports, files, owners and limits.
    Exit 1 when a check fails.
    """
    deployment = load_desired(target.spec).deployment
    services = chosen(target.names, (service.name for service in deployment.services))
    ensure_root("verify asks with the stack's own keys")
    with progress() as display:
        display(Event("verify", "start"))
        report = run_checks(
            deployment,
            services if target.names else None,
            lambda check: display(Event("verify", "progress", f"{check.service} {check.name}")),
        )
        display(Event("verify", "done"))
    output.answer(report_table(report), report.as_json(), is_fitted=True)
    return 0 if report.passed else FAILED
