"""Neighbouring phases of roles as one playbook run over their hosts. Pure."""

from __future__ import annotations

from collections.abc import Collection

from deploy import assets
from deploy.apply.phases.phase import Phase
from deploy.apply.prepared.members import Member, Members
from deploy.apply.roles.ansible import HostRun, PlaybookRun
from deploy.stack import HOST_PYTHON


def playbook_run(phases: Collection[Phase], members: Members, *, keep_going: bool = False) -> PlaybookRun:
    """Return the playbook run of neighbouring phases, with the hosts that have work in one of them."""
    hosts = [_host_run(host, member, phases) for host, member in members.items()]
    return PlaybookRun(
        hosts=tuple(host for host in hosts if host.steps),
        playbook=assets.playbooks_dir() / "site.yml",
        roles=assets.roles_dir(),
        keep_going=keep_going,
    )


def _host_run(host: str, member: Member, phases: Collection[Phase]) -> HostRun:
    return HostRun(
        name=host,
        steps={phase.name: phase.steps[host] for phase in phases if host in phase.steps},
        agent=member.transport.agent_path,
        connection=member.transport.connection,
        python=HOST_PYTHON,
    )
