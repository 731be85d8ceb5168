"""The machine: system, memory, disks, graphics card."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Any

from deploy.agent.inputs.sources import named_mirror
from deploy.agent.mounts import mount_of

PCI = Path("/sys/bus/pci/devices")
NVIDIA = Path("/proc/driver/nvidia")
WSL_DRIVER = Path("/usr/lib/wsl/lib/nvidia-smi")
DISPLAY_CLASSES = ("0x0300", "0x0302", "0x0380", "0x1200")
VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel"}
PREFERENCE = ("nvidia", "amd", "intel")


def observe() -> dict[str, Any]:
    """Describe the machine."""
    return {
        "memory_bytes": _memory_bytes(Path("/proc/meminfo").read_text()),
        "cores": len(os.sched_getaffinity(0)),
        "architecture": os.uname().machine,
        "gpu": _gpu(),
        "os": _operating_system(),
        "systemd": Path("/run/systemd/system").is_dir(),
    }


def disk(path: Path) -> dict[str, Any]:
    """Return the space of a path's file system and its kind; the path need not exist yet."""
    while not _is_there(path):
        path = path.parent
    status, mount = os.statvfs(path), mount_of(path)
    return {
        "free_bytes": status.f_bavail * status.f_frsize,
        "device": path.stat().st_dev,
        "kind": mount.kind,
        "point": mount.point,
    }


def devices(pattern: str) -> list[dict[str, Any]]:
    """Return the device files that match a pattern, with their owners and modes."""
    found = []
    for path in sorted(Path("/").glob(pattern.lstrip("/"))):
        with contextlib.suppress(OSError):
            status = path.stat()
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            if stat.S_ISCHR(status.st_mode):
                found.append({"path": str(path), "uid": status.st_uid, "gid": status.st_gid, "mode": mode})
    return found


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return False


def _memory_bytes(text: str) -> int:
    line = next(line for line in text.splitlines() if line.startswith("MemTotal:"))
    return int(line.split()[1]) * 1024


def _operating_system() -> dict[str, str | None]:
    values = {}
    for line in _text(Path("/etc/os-release")).splitlines():
        key, _, value = line.partition("=")
        values[key] = value.strip().strip('"')
    return {
        "id": values.get("ID", "linux"),
        "version": values.get("VERSION_ID", ""),
        "codename": values.get("VERSION_CODENAME", ""),
        "debian_mirror": named_mirror("debian"),
    }


def _gpu() -> dict[str, str | None]:
    cards = {vendor: device for device, vendor in map(_display, sorted(_devices())) if vendor}
    for vendor in PREFERENCE:
        if vendor in cards:
            return {"vendor": vendor, "card": _card(vendor, cards[vendor]), "driver": _driver(vendor, cards[vendor])}
    if NVIDIA.is_dir() or WSL_DRIVER.exists():
        return {"vendor": "nvidia", "card": _nvidia_card(), "driver": _nvidia_driver()}
    return {"vendor": None, "card": None, "driver": None}


def _devices() -> list[Path]:
    return list(PCI.iterdir()) if PCI.is_dir() else []


def _display(device: Path) -> tuple[Path, str | None]:
    is_display = _text(device / "class").startswith(DISPLAY_CLASSES)
    return device, VENDORS.get(_text(device / "vendor").strip()) if is_display else None


def _card(vendor: str, device: Path) -> str | None:
    named = _nvidia_card() if vendor == "nvidia" else _text(device / "product_name").strip()
    return named or f"{_text(device / 'vendor').strip()[2:]}:{_text(device / 'device').strip()[2:]}"


def _driver(vendor: str, device: Path) -> str | None:
    if vendor == "nvidia" and NVIDIA.is_dir():
        return _nvidia_driver()
    link = device / "driver"
    if not link.exists():
        return None
    name = link.resolve().name
    version = _text(Path("/sys/module") / name / "version").strip()
    return f"{name} {version}" if version else name


def _nvidia_card() -> str | None:
    for path in sorted(NVIDIA.glob("gpus/*/information")):
        for line in _text(path).splitlines():
            if line.startswith("Model:"):
                return line.partition(":")[2].strip()
    return None


def _nvidia_driver() -> str | None:
    words = _text(NVIDIA / "version").split()
    return next((word for word in words if word[:1].isdigit() and word.count(".") >= 1), None)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
