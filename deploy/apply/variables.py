"""Variables of the roles that an apply names: the plan's decisions in the words of each role. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from deploy.apply.debian import debian_variables
from deploy.apply.docker import docker_variables
from deploy.apply.folders import folders_of
from deploy.apply.members import Member
from deploy.apply.phases import RoleStep
from deploy.apply.tools import image_tools_variables, packages_for

Variables: TypeAlias = Mapping[str, object]


def variables_of(step: RoleStep, member: Member) -> Variables:
    """Return the variables of a step's role on one host."""
    return _ROLES[step.role](member)


def _docker(member: Member) -> Variables:
    return {**docker_variables(member.share.deployment, member.prepared.observation), **_debian(member)}


def _images(member: Member) -> Variables:
    deployment = member.share.deployment
    packages = packages_for(deployment, member.received)
    return {**image_tools_variables(deployment.fetch, packages), **_debian(member)}


def _folders(member: Member) -> Variables:
    return {"folders_wanted": folders_of(member.share.deployment, member.prepared.plan.owners)}


def _debian(member: Member) -> Variables:
    return debian_variables(member.prepared.observation.os, member.share.deployment.fetch)


_ROLES: Mapping[str, Callable[[Member], Variables]] = {
    "docker_engine": _docker,
    "images": _images,
    "folders": _folders,
}
