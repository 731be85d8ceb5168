"""A host's backup: decided, and printed as a file of its release that the host's agent reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.contract.backup_runs import DRILL_JOB, JOB, WATCH_JOB
from deploy.agent.kit_folders import BACKUPS
from deploy.deployment.backup import Backup, Ssh
from deploy.deployment.bundle import PRIVATE, File, canonical_json
from deploy.deployment.data import SharedData, UserData
from deploy.deployment.host import Deployment
from deploy.deployment.jobs import Job, Schedule
from deploy.fields.backup import SFTP
from deploy.spec.model import Spec

if TYPE_CHECKING:
    from deploy.agent.contract.backups import BackedUpData, SharedFolders
    from deploy.agent.contract.backups import Backup as Released
    from deploy.agent.contract.jobs import Watching

FORMAT = 1
PATIENCE_SECONDS = 3600
"""Wait for an apply that holds the host; a build of images takes long."""
WATCH_PATIENCE_SECONDS = 60
"""The same for a watch, which looks again soon."""


def backup_of(spec: Spec, host: str) -> Backup | None:
    """Return the backup of a host that runs a service; None without one."""
    if spec.backup is None:
        return None
    repository, way = spec.backup.repository or str(BACKUPS / spec.stack), None
    if repository.startswith(SFTP):
        # Each host has a key of its own, and a repository has one key.
        repository = f"{repository}/{host}" if spec.hosts else repository
        way = Ssh(**spec.backup.ssh.model_dump())
    keep = tuple((name, int(count)) for name, count in sorted(spec.backup.keep.model_dump().items()))
    return Backup(repository, keep, way, spec.backup.key or "", spec.backup.weights)


def backup_jobs(spec: Spec) -> Iterator[Job]:
    """Yield the job that takes the backup, the one that looks for changes, and the one that tries the backup."""
    if spec.backup is None:
        return
    schedule = Schedule(daily_at=spec.backup.daily_at, after_boot_seconds=spec.backup.after_boot)
    yield Job(JOB, "Backup", "back_up", schedule, {}, patience_seconds=PATIENCE_SECONDS)
    if interval := spec.backup.watch_every:
        watch = Schedule(every_seconds=interval)
        work: Watching = {"watch_seconds": interval}
        yield Job(WATCH_JOB, "Backup of changes", "back_up", watch, work, patience_seconds=WATCH_PATIENCE_SECONDS)
    if spec.backup.drill is not None:
        later = Schedule(sundays_at=_an_hour_after(spec.backup.daily_at))
        yield Job(DRILL_JOB, "Drill of the backup", "drill", later, {}, patience_seconds=PATIENCE_SECONDS)


def _an_hour_after(time: str) -> str:
    hour, minute = time.split(":")
    return f"{(int(hour) + 1) % 24:02}:{minute}"


def with_files(deployments: Mapping[str, Deployment], spec: Path, lock: Path) -> dict[str, Deployment]:
    """Let each host's backup take kit.yaml and kit.lock along.

    Comments are left out of kit.yaml: a change of one would place another release.
    """
    if all(deployment.backup is None for deployment in deployments.values()):
        return dict(deployments)
    import yaml

    from deploy.reading.tree import read_document

    data = read_document(spec, 2**20, "").data
    written = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    files = (("kit.yaml", written), ("kit.lock", lock.read_text()))
    return {
        host: replace(each, backup=replace(each.backup, files=files)) if each.backup else each
        for host, each in deployments.items()
    }


def backup_files(deployment: Deployment) -> Iterator[File]:
    """Yield the files of a release about its backup."""
    if deployment.backup is None:
        return
    yield File("backup.json", canonical_json(_released(deployment, deployment.backup)))
    # kit.yaml repeats what the file of the call keeps from other users of the host.
    mode = File.mode if deployment.failure_call is None else PRIVATE
    yield from (File(f"spec/{name}", text, mode) for name, text in deployment.backup.files)


def _released(deployment: Deployment, backup: Backup) -> Released:
    own = {service.name for service in deployment.services}
    released: Released = {
        "format": FORMAT,
        "stack": deployment.stack,
        "repository": backup.repository,
        "keep": dict(backup.keep),
        "data": [_data(service.name, service.data) for service in deployment.services if service.data],
        "stores": [
            {"service": engine.name, "models_dir": engine.models_dir, "protocol": engine.protocol}
            for engine in deployment.engines
            if engine.models_dir and engine.name in own
        ],
    }
    if shared := list(_shared(deployment)):
        released["shared"] = shared
    if backup.weights != "none":
        released["weights"] = backup.weights
    if backup.ssh is not None:
        released["ssh"] = {
            "port": backup.ssh.port,
            "identity": backup.ssh.identity,
            "host_key": backup.ssh.host_key,
        }
    return released


def _data(name: str, data: UserData) -> BackedUpData:
    backed_up: BackedUpData = {
        "service": name,
        "host_path": data.host_path,
        "items": data.parts(),
        "version": data.version,
    }
    if data.caches:
        backed_up["left_out"] = list(data.caches)
    return backed_up


def _shared(deployment: Deployment) -> Iterator[SharedFolders]:
    for service in deployment.services:
        if isinstance(service.data, SharedData):
            name, version = f"{service.name}_bridge", service.data.version
            place = service.data.shared_place()
            yield {
                "service": name,
                "version": version,
                "host_path": place["host_path"],
                "items": place["items"],
                "uid": place["uid"],
                "gid": place["gid"],
            }
