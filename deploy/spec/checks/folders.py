"""Folders of the host that the user names: each belongs to one service alone, and none to the system."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import get_args

from deploy.fields.backup import SFTP, BackupSsh
from deploy.fields.values import HostPath
from deploy.reading.document import FieldPath
from deploy.spec.checks.finding import Finding
from deploy.spec.model import ENGINES, Spec
from deploy.spec.placed import Placed, services
from deploy.stack import CACHE, DATA_FOLDER, KIT_FOLDER, Stack

_KIT_FOLDERS = (KIT_FOLDER, CACHE)
_SYSTEM_TREES = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr")
_SYSTEM_TREES_BELOW = ("/var/lib/docker", "/var/lib/dpkg", "/var/run")
_HOMES_BELOW = tuple(home for engine in ENGINES for home in engine.homes)
_SHARED = ("/", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp", "/var", "/var/lib", "/var/log", "/var/tmp")
_WINDOWS_DRIVE = re.compile(r"/mnt/[A-Za-z](/|$)")


@dataclass(frozen=True)
class _Named:
    """A folder and its place in the file."""

    folder: str
    field: str
    owner: Placed

    @property
    def path(self) -> FieldPath:
        return (*self.owner.path, self.field)

    @property
    def example(self) -> str:
        return "/srv/models" if self.field == "models_dir" else "/srv/chats"


def folders_are_apart(spec: Spec) -> Iterator[Finding]:
    """A folder that the user names must have no other owner."""
    yield from folder_clashes(spec, services(spec))


def backups_are_apart(spec: Spec) -> Iterator[Finding]:
    """The repository of backups lies in no folder of the system, of the kit, or of the data itself."""
    folder, path = (spec.backup.repository if spec.backup else None), ("backup", "repository")
    if spec.backup and spec.backup.ssh != BackupSsh() and not (folder or "").startswith(SFTP):
        yield Finding(("backup", "ssh"), "this is for a repository over sftp; write sftp:USER@HOST:/FOLDER", (path,))
    if folder is None or folder.startswith(SFTP):
        return
    own = Stack(spec.stack).data_root
    data = [(named.folder, (named.path,)) for service in services(spec) for named in _named_by(service)]
    if folder in _SHARED or any(_is_within(folder, tree) for tree in _trees()):
        yield Finding(path, f"{folder} belongs to the system; name a folder of its own such as /mnt/disk2/kit")
    elif any(_overlap(folder, kit) for kit in _KIT_FOLDERS):
        yield Finding(path, f"{folder} overlaps the kit's own folder; name another such as /mnt/disk2/kit")
    for place, also in ((own, (("stack",),)), *data):
        if _overlap(folder, place):
            words = f"{folder} overlaps the data in {place}: a repository cannot be part of what it backs up"
            yield Finding(path, words, also)


def folder_clashes(spec: Spec, placed: list[Placed]) -> Iterator[Finding]:
    """Yield each folder that is the system's, the kit's, or another service's of the same host."""
    folders = [named for service in placed for named in _named_by(service)]
    for index, named in enumerate(folders):
        beside = [service for service in placed if service.host == named.owner.host]
        findings = list(_of_its_own(spec, named, beside))
        yield from findings
        for other in folders[:index] if not findings else ():
            is_beside = other.owner.host == named.owner.host and other.owner.path != named.owner.path
            if is_beside and _overlap(named.folder, other.folder):
                message = f"{named.folder} overlaps the {other.field} of {other.owner.name} ({other.folder})"
                yield Finding(named.path, message, (other.path,))


def _named_by(service: Placed) -> Iterator[_Named]:
    for name, field in type(service.spec).model_fields.items():
        value = getattr(service.spec, name)
        if HostPath in get_args(field.annotation) and value is not None:
            yield _Named(value, name, service)


def _of_its_own(spec: Spec, named: _Named, beside: list[Placed]) -> Iterator[Finding]:
    folder, another = named.folder, f"name another such as {named.example}"
    is_home = any(_is_within(folder, home) and folder != home for home in _HOMES_BELOW)
    if _WINDOWS_DRIVE.match(folder):
        why = "which knows no owners and is slow" if named.field == "models_dir" else "where databases break"
        yield Finding(named.path, f"{folder} is a drive of Windows, {why}; name a folder such as {named.example}")
    elif folder in _SHARED or (not is_home and any(_is_within(folder, tree) for tree in _trees())):
        yield Finding(named.path, f"{folder} belongs to the system; name a folder of its own such as {named.example}")
    elif any(_overlap(folder, own) for own in _KIT_FOLDERS):
        yield Finding(named.path, f"{folder} overlaps the kit's own folder; {another}")
    elif _overlap(folder, DATA_FOLDER):
        yield from _within_user_data(spec, named, beside)


def _trees() -> tuple[str, ...]:
    return _SYSTEM_TREES + _SYSTEM_TREES_BELOW


def _within_user_data(spec: Spec, named: _Named, beside: list[Placed]) -> Iterator[Finding]:
    own = Stack(spec.stack)
    if not _is_within(named.folder, own.data_root) or named.folder == own.data_root:
        message = f"{named.folder} holds the data of other services; name another such as {named.example}"
        yield Finding(named.path, message, (("stack",),))
        return
    for service in beside:
        data = own.data_of(service.name)
        if service.path != named.owner.path and _overlap(named.folder, data):
            message = f"{named.folder} overlaps the data of {service.name} ({data})"
            yield Finding(named.path, message, (("stack",), (*service.path, "name")))


def _is_within(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def _overlap(path: str, another: str) -> bool:
    return _is_within(path, another) or _is_within(another, path)
