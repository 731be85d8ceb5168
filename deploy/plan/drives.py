"""File systems that cannot hold a database, recognised by type before anything is written there."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.deployment.host import Deployment
from deploy.deployment.places import places_of
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Disk
from deploy.words import host_words

# SQLite's write-ahead log shares memory through a file and locks parts of it; its own documentation rules networks out.
NETWORK = "a file system over the network, where databases break: locks and shared memory are not reliable there"
GUEST = "a folder of the machine around this one, where databases break: it shares no memory between programs"
NO_OWNERS = "a file system that knows no owners, so the service could not be given its folder"
KINDS = {
    **dict.fromkeys(("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "davfs"), NETWORK),
    **dict.fromkeys(("ceph", "glusterfs", "lustre", "beegfs", "orangefs", "gfs2", "ocfs2"), NETWORK),
    **dict.fromkeys(("9p", "drvfs", "vboxsf", "vmhgfs", "prl_fs"), GUEST),
    **dict.fromkeys(("vfat", "msdos", "exfat"), NO_OWNERS),
}
FUSE = {
    **dict.fromkeys(("sshfs", "rclone", "s3fs", "gcsfuse", "goofys", "curlftpfs", "davfs2", "webdav"), NETWORK),
    **dict.fromkeys(("glusterfs", "ceph", "ceph-fuse", "cephfs", "juicefs", "mfs", "moosefs", "seaweedfs"), NETWORK),
    **dict.fromkeys(("vmhgfs-fuse", "prl_fsd", "grpcfuse", "osxfs"), GUEST),
}
"""Type of a FUSE file system (behind `fuse.`) to its fault; other FUSE programs are not known to fail."""
MEMORY = ("tmpfs", "ramfs")


def unfit(kind: str) -> str:
    """Return the fault of a type of file system for a database; empty if none is known."""
    return FUSE.get(kind.partition(".")[2], "") if kind.startswith("fuse.") else KINDS.get(kind, "")


def drive_refusals(deployment: Deployment, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield each place of databases on an unsuitable file system, and each folder that cannot be written."""
    yield from _read_only(deployment, observation)
    for service, path, disk in _database_disks(deployment, observation):
        wrong = unfit(disk.kind)
        if wrong:
            host = host_words(observation.host)
            yield (
                f"the databases of {service} in {path} would lie on {disk.point} ({disk.kind}), {wrong}",
                f"name a folder on a disk of {host} (ext4, xfs, btrfs, zfs); {disk.point} may hold copies of it",
            )


def _read_only(deployment: Deployment, observation: Observation) -> Iterator[tuple[str, str]]:
    databases = {place.host_path for place in places_of(deployment) if place.databases}
    for service in deployment.services:
        for path in (folder.host_path for folder in service.folders):
            disk = observation.disks.get(path)
            # Models that are all in place are only read.
            is_written = path in databases or not observation.folder(path).exists
            if disk is not None and disk.is_read_only and is_written:
                step = "mount it writable, or name a folder on another disk"
                yield (
                    f"{path} of {service.name} would lie on {disk.point}, which is read-only",
                    f"{step}; the kernel makes a disk with errors read-only: see `dmesg`",
                )


def drive_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield each place of databases that a reboot would empty."""
    for service, path, disk in _database_disks(deployment, observation):
        if disk.kind in MEMORY:
            where = f"in memory ({disk.kind} at {disk.point})"
            yield f"the data of {service} in {path} lies {where}: a reboot loses all of it"


def _database_disks(deployment: Deployment, observation: Observation) -> Iterator[tuple[str, str, Disk]]:
    for place in places_of(deployment):
        disk = observation.disks.get(place.host_path)
        if place.databases and disk is not None:
            yield place.service, place.host_path, disk
