"""`kit rebuild`."""

from __future__ import annotations

from deploy.cli.terminal.output import Output
from deploy.cli.verbs.applying import Options, apply_and_tell
from deploy.cli.verbs.declare import Target, services_argument, verb
from deploy.cli.verbs.hosts import answering, host_option, keep_going_option, progress_by_host, reached
from deploy.cli.verbs.names import by_host, chosen
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.desired import load_desired
from deploy.lifecycle.rebuild import rebuild_images


@verb("rebuild", "rebuild", "rebuild main inventories/quickstart/kit.yaml")
@host_option
@keep_going_option
@services_argument
def command(output: Output, target: Target, keep_going: bool) -> int:
    """Build images again with today's Debian packages.

    Builds all images unless services are named. An image that several hosts have is built on one of them, and the
    others get it from there. The services run meanwhile. Then those with a new image are
    recreated as in apply, after a copy of their data was taken.
    """
    desired = load_desired(target.spec)
    hosts, left_out = answering(output, desired.ways, reached(desired.ways))
    there = {host: desired.deployments[host] for host in hosts}
    known = [service.name for deployment in there.values() for service in deployment.services]
    wanted = by_host(chosen(target.names, known), there)
    ensure_root(hosts, "rebuild")
    with progress_by_host() as display:
        rebuild_images(desired, hosts, wanted, display)
    return apply_and_tell(output, desired, hosts, Options(yes=True, keep_going=keep_going, left_out=left_out))
