"""Images that several hosts lack: one host makes each, and the others get it from there. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from typing import TypeAlias

from deploy.agent.contract.verbs import IMAGE
from deploy.apply.phases.needed import unpacking
from deploy.apply.phases.phase import RoleStep, Step, TransferStep, VerbStep
from deploy.apply.prepared.members import Member, Members
from deploy.apply.prepared.together import givers

Needed: TypeAlias = Mapping[str, Set[Step]]
"""The steps of each host."""
_MAKING = {RoleStep("images"), VerbStep(IMAGE)}


def with_transfers(needed: Needed, members: Members, others: Members) -> tuple[Needed, Members]:
    """Take each missing image from another host, if one has it or makes it in this run.

    Args:
        needed: The steps of each member.
        members: The hosts that change.
        others: The hosts of the stack that do not.
    """
    everyone = {**members, **others}
    seen = {host: member.prepared.observation for host, member in everyone.items()}
    making = [host for host in members if VerbStep(IMAGE) in needed[host]]
    given = givers({host: member.share.deployment for host, member in everyone.items()}, seen, making)
    steps, changed = dict(needed), dict(members)
    for host, member in ((host, members[host]) for host in making if given[host]):
        missing = _missing(member)
        received = {tag: TransferStep(missing[tag], tag, giver) for tag, giver in given[host].items()}
        changed[host] = replace(member, received=frozenset(received))
        own = needed[host] if len(received) < len(missing) else _without_making(needed[host], member)
        steps[host] = {*own, *received.values()}
    return steps, changed


def _missing(member: Member) -> dict[str, str]:
    """Return the kind of each image that a host lacks, by its name."""
    services = member.share.deployment.services
    wanted = {service.image.reference: service.kind for service in services}
    return {tag: kind for tag, kind in wanted.items() if tag not in member.prepared.observation.images}


def _without_making(steps: Set[Step], member: Member) -> Set[Step]:
    """Return the steps of a host that makes no image itself."""
    own = steps - _MAKING
    return own | unpacking(member.share.deployment, member.prepared.observation, own)
