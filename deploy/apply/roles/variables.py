"""Variables of an apply's roles: the plan's decisions in the words of each role. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypedDict

from deploy.apply.phases.packages import packages_for, with_keys
from deploy.apply.phases.phase import RoleStep
from deploy.apply.prepared.members import Member
from deploy.apply.roles.debian import DebianVariables, debian_variables
from deploy.apply.roles.docker import DockerVariables, docker_variables
from deploy.apply.roles.folders import WantedFolder, folders_of
from deploy.apply.roles.images import ImagesVariables, image_tools_variables
from deploy.apply.roles.toolkit import ToolkitVariables, toolkit_variables
from deploy.plan.backups import PACKAGE

Variables: TypeAlias = Mapping[str, object]


class _DockerRole(DockerVariables, DebianVariables):
    """Variables of docker_engine, with those of the role that it includes."""


class _ImagesRole(ImagesVariables, DebianVariables):
    """Variables of images, with those of the role that it includes."""


class FoldersVariables(TypedDict):
    """Variables of the role folders."""

    folders_wanted: list[WantedFolder]


class BackupVariables(TypedDict):
    """Variables of the role backup."""

    backup_packages: list[str]


class _BackupRole(BackupVariables, DebianVariables):
    """Variables of backup, with those of the role that it includes."""


def variables_of(step: RoleStep, member: Member) -> Variables:
    """Return the variables of a step's role on one host."""
    return _ROLES[step.role](member)


def _docker(member: Member) -> _DockerRole:
    return {**docker_variables(member.share.deployment, member.prepared.observation), **_debian(member)}


def _toolkit(member: Member) -> ToolkitVariables:
    return toolkit_variables(member.share.deployment, member.prepared.observation)


def _images(member: Member) -> _ImagesRole:
    deployment = member.share.deployment
    needed = packages_for(deployment, assembles=_assembles(member))
    packages = with_keys(needed, member.prepared.observation.os.id)
    return {**image_tools_variables(deployment.fetch, packages), **_debian(member)}


def _assembles(member: Member) -> bool:
    """Return True if the host assembles an image, rather than having it or getting it from another host."""
    images = (change for change in member.prepared.plan.operations if change.step == "images")
    built = (member.share.deployment.service(change.service) for change in images if change.action == "build")
    return any(service.image.reference not in member.received for service in built)


def _folders(member: Member) -> FoldersVariables:
    return {"folders_wanted": folders_of(member.share.deployment, member.prepared.plan.owners)}


def _backup(member: Member) -> _BackupRole:
    return {"backup_packages": [PACKAGE], **_debian(member)}


def _debian(member: Member) -> DebianVariables:
    return debian_variables(member.prepared.observation.os, member.share.deployment.fetch)


_ROLES: Mapping[str, Callable[[Member], Variables]] = {
    "docker_engine": _docker,
    "gpu_toolkit": _toolkit,
    "images": _images,
    "folders": _folders,
    "backup": _backup,
}
