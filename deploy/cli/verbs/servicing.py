"""The common part of start, stop and restart."""

from __future__ import annotations

from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import Target
from deploy.cli.verbs.hosts import hosts_of, progress_by_host
from deploy.cli.verbs.names import chosen
from deploy.cli.verbs.rights import ensure_root
from deploy.lifecycle.applied import applied
from deploy.lifecycle.services import Change, change_services


def change(output: Output, target: Target, what: Change, past: str) -> None:
    """Change the named services, or all of them, and print their names."""
    hosts = hosts_of(target.spec)
    there = applied(target.spec, hosts)
    services = chosen(target.names, (name for share in there.values() for name in share.health_timeouts))
    wanted = {host: tuple(name for name in services if name in share.health_timeouts) for host, share in there.items()}
    hosts = hosts.only([host for host in there if wanted[host] or not target.names])
    ensure_root(hosts, what)
    with progress_by_host() as display:
        answers = hosts.each(
            lambda host, transport: change_services(there[host], transport, what, wanted[host], display(host))
        )
    done = [name for answer in answers.values() for name in answer["services"]]
    words = f"{past}: {', '.join(done)}" if done else f"nothing to {what}"
    (stack,) = {share.stack for share in there.values()}
    told = {host: {"services": answer["services"], "changed": answer["changed"]} for host, answer in answers.items()}
    output.answer(words, {"stack": stack, "hosts": told})
