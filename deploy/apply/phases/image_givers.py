"""Images that several hosts lack: one host makes each, and the others get it from there. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from typing import TypeAlias

from deploy.agent.contract.verbs import IMAGE
from deploy.apply.phases.needed import unpacking
from deploy.apply.phases.phase import RoleStep, Step, TransferStep, VerbStep
from deploy.apply.prepared.members import Member, Members

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
    holders = _holders({**members, **others})
    steps, changed = dict(needed), dict(members)
    for host, member in members.items():
        if VerbStep(IMAGE) not in needed[host]:
            continue
        missing = _missing(member)
        received = {tag: TransferStep(kind, tag, holders[tag]) for tag, kind in missing.items() if tag in holders}
        # This host makes the rest, so the hosts behind it get those from here.
        holders |= {tag: host for tag in missing if tag not in holders}
        if received:
            changed[host] = replace(member, received=frozenset(received))
            own = _steps(needed[host], member, received.keys(), len(received) < len(missing))
            steps[host] = {*own, *received.values()}
    return steps, changed


def _holders(members: Members) -> dict[str, str]:
    """Return the host of each image of the kit's own that a host has now."""
    holders: dict[str, str] = {}
    for host, member in members.items():
        for tag in member.prepared.observation.images:
            holders.setdefault(tag, host)
    return holders


def _missing(member: Member) -> dict[str, str]:
    """Return the kind of each image that a host lacks, by its name."""
    services = member.share.deployment.services
    wanted = {service.image.reference: service.kind for service in services}
    return {tag: kind for tag, kind in wanted.items() if tag not in member.prepared.observation.images}


def _steps(steps: Set[Step], member: Member, received: Set[str], makes_images: bool) -> Set[Step]:
    """Return the steps of a host without those that make images, if it makes none."""
    if makes_images:
        return steps
    return (steps - _MAKING) | unpacking(member.share.deployment, steps, received)
