"""The machine: system, processor, memory, disks, devices."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.contract.origin import MACHINE_ID
from deploy.agent.inputs.sources import named_mirror
from deploy.agent.mounts import mount_of
from deploy.agent.observing import cards
from deploy.agent.observing.texts import text_of
from deploy.agent.observing.wsl import networking_mode

if TYPE_CHECKING:
    from deploy.agent.contract.hardware import DeviceNode, Disk, Machine, OperatingSystem

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def observe() -> Machine:
    """Describe the machine."""
    seen, nvidia = cards.observe()
    return {
        "identity": identity(),
        "memory_bytes": _memory_bytes(Path("/proc/meminfo").read_text()),
        "cores": len(os.sched_getaffinity(0)),
        "architecture": os.uname().machine,
        "cards": seen,
        "nvidia": nvidia,
        "wsl": networking_mode(),
        "os": _operating_system(),
        "systemd": Path("/run/systemd/system").is_dir(),
    }


def identity(machine_id: Path = MACHINE_ID, boot_id: Path = BOOT_ID) -> str:
    """Return a text that no other running machine has; empty without a machine id.

    Cloned disks share the machine id, and containers share the boot: only both tell machines apart. Both are secrets of
    the machine's programs, so a hash stands for them.
    """
    try:
        own, boot = (path.read_text().strip() for path in (machine_id, boot_id))
    except OSError:
        return ""
    # systemd writes this word into an image that was never booted.
    known = own if own != "uninitialized" else ""
    return hashlib.sha256(f"kit {known} {boot}".encode()).hexdigest() if known else ""


def disk(path: Path) -> Disk:
    """Return the space of a path's file system and its kind; the path need not exist yet."""
    while not _is_there(path):
        path = path.parent
    status, mount = os.statvfs(path), mount_of(path)
    return {
        "free_bytes": status.f_bavail * status.f_frsize,
        "device": path.stat().st_dev,
        "kind": mount.kind,
        "point": mount.point,
        "is_read_only": bool(status.f_flag & os.ST_RDONLY),
    }


def devices(pattern: str) -> list[DeviceNode]:
    """Return the device files that match a pattern, with their owners and modes."""
    files: list[DeviceNode] = []
    for path in sorted(Path("/").glob(pattern.lstrip("/"))):
        with contextlib.suppress(OSError):
            status = path.stat()
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            if stat.S_ISCHR(status.st_mode):
                files.append({"path": str(path), "uid": status.st_uid, "gid": status.st_gid, "mode": mode})
    return files


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return False


def _memory_bytes(text: str) -> int:
    line = next(line for line in text.splitlines() if line.startswith("MemTotal:"))
    return int(line.split()[1]) * 1024


def _operating_system() -> OperatingSystem:
    values = {}
    for line in text_of(Path("/etc/os-release")).splitlines():
        key, _, value = line.partition("=")
        values[key] = value.strip().strip('"')
    return {
        "id": values.get("ID", "linux"),
        "version": values.get("VERSION_ID", ""),
        "codename": values.get("VERSION_CODENAME", ""),
        "debian_mirror": named_mirror("debian"),
    }
