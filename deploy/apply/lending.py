"""Secrets that a service of another host reads: they pass through this process's memory only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import SECRETS
from deploy.apply.phases.image_givers import Needed
from deploy.apply.phases.phase import BorrowStep, VerbStep
from deploy.apply.prepared.members import Member, Members
from deploy.apply.prepared.references import Given
from deploy.apply.requests.releases import borrowed_request
from deploy.hosts.secret_values import secret_value
from deploy.hosts.wire.transport import Transport
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.secrets import SecretsAnswer


def with_borrowing(needed: Needed, members: Members) -> Needed:
    """Add the secrets of other hosts to each host that gets secrets."""
    borrowing = {host for host, steps in needed.items() if VerbStep(SECRETS) in steps and members[host].share.borrowed}
    return {host: {*steps, BorrowStep()} if host in borrowing else steps for host, steps in needed.items()}


def borrow(member: Member, run: str, hosts: Mapping[str, Transport]) -> SecretsAnswer:
    """Bring a host its copies of other hosts' secrets; copies from hosts outside this run stay unchanged."""
    share = member.share
    stack = Stack(share.deployment.stack)
    values = Given(
        {
            secret.name: secret_value(stack, hosts[share.borrowed[secret.name]], secret)
            for secret in share.deployment.secrets
            if share.borrowed.get(secret.name) in hosts
        }
    )
    return member.transport.call(SECRETS, borrowed_request(share, run, values))
