"""`kit rebuild`."""

from __future__ import annotations

from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.cli.verbs.applying import apply_and_tell
from deploy.cli.verbs.declare import Target, services_argument, verb
from deploy.cli.verbs.names import chosen
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.desired import load_desired
from deploy.hosts.reach import reach
from deploy.lifecycle.rebuild import rebuild_images
from deploy.stack import HERE


@verb("rebuild", "rebuild", "rebuild main inventories/quickstart/kit.yaml")
@services_argument
def command(output: Output, target: Target) -> int:
    """Build images again with today's Debian packages.

    All images unless services are named. What runs goes on meanwhile; then the services whose image is another one are
    recreated as in apply, with a copy of their data taken first.
    """
    desired, transport = load_desired(target.spec).on(HERE), reach()[HERE]
    services = chosen(target.names, (service.name for service in desired.deployment.services))
    ensure_root("rebuild changes this machine")
    with progress() as display:
        rebuild_images(desired, transport, services, display)
    return apply_and_tell(output, desired, transport, yes=True)
