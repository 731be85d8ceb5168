"""NVIDIA's driver and container toolkit, in the words of the kernel and of their own programs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.observing.texts import text_of
from deploy.agent.programs import which

if TYPE_CHECKING:
    from deploy.agent.contract.hardware import Card, Nvidia

PROC = Path("/proc/driver/nvidia")
WSL_DRIVER = Path("/usr/lib/wsl/lib/nvidia-smi")
MIB = 2**20
ASKED = "pci.bus_id,name,uuid,driver_version,memory.total"
COMPUTE = "compute_cap"
"""A field that drivers before 510 refuse."""
# The first answer after a boot loads the driver's firmware.
SMI_SECONDS = 20
PACKAGES = (
    "nvidia-container-toolkit",
    "nvidia-container-toolkit-base",
    "libnvidia-container-tools",
    "libnvidia-container1",
)
RUNTIME_SETTINGS = Path("/etc/nvidia-container-runtime/config.toml")
_MODE = re.compile(r'^\s*mode\s*=\s*"([a-z-]+)"', re.MULTILINE)
CDI_FOLDERS = (Path("/var/run/cdi"), Path("/etc/cdi"))
"""Folders of CDI's names; those of the first win."""
_CDI_LIBRARY = re.compile(r"libcuda\.so\.([0-9]{3}[0-9.]*[0-9])")
_OPEN = "Open Kernel Module"
_LIBRARY = re.compile(r"NVML library version: *([0-9.]+)")


def is_there() -> bool:
    """Return True if the driver's module is loaded, or Windows lends its own driver."""
    return PROC.is_dir() or WSL_DRIVER.exists()


def smi() -> tuple[str, str]:
    """Return the lines of the driver's own program, and its words if it fails; both are empty without it."""
    # Under WSL a program of Linux' driver, which does not belong there, reaches no card.
    program = str(WSL_DRIVER) if WSL_DRIVER.exists() else which("nvidia-smi")
    if program is None:
        return "", ""
    lines, words = _asked(program, f"{ASKED},{COMPUTE}")
    return _asked(program, ASKED) if COMPUTE in words else (lines, words)


def told_by_nvidia(text: str) -> list[Card]:
    """Read nvidia-smi's lines; a value that it does not know, such as a memory shared with the processor, is None."""
    least = ASKED.count(",") + 1
    rows = ([cell.strip() for cell in line.split(",")] for line in text.splitlines())
    return [
        {
            "vendor": "nvidia",
            "pci": _address(bus),
            "card": name,
            "driver": driver,
            "uuid": uuid,
            "memory_bytes": int(memory) * MIB if memory.isdigit() else None,
            "compute": compute[0] if compute else None,
            "ids": None,
            "node": None,
        }
        for bus, name, uuid, driver, memory, *compute in (row for row in rows if least <= len(row) <= least + 1)
    ]


def module_version() -> str | None:
    """Return the version of the loaded kernel module."""
    words = text_of(PROC / "version").split()
    return next((word for word in words if word[:1].isdigit() and word.count(".") >= 1), None)


def observe(words: str) -> Nvidia:
    """Describe the driver, of which nvidia-smi said these words in failing, and the toolkit."""
    version = text_of(PROC / "version")
    library = _LIBRARY.search(words)
    return {
        "module": module_version(),
        "is_open": _OPEN in version if version else None,
        "license": _said(["modinfo", "-F", "license", "nvidia"]).strip(),
        "problem": " ".join(words.split()),
        "library": library[1] if library else None,
        "packages": _packages(),
        "has_ctk": which("nvidia-ctk") is not None,
        "mode": _mode(),
        "cdi": sorted(line.strip() for line in _said(["nvidia-ctk", "cdi", "list"]).splitlines() if "=" in line),
        "cdi_driver": _cdi_driver(),
        "nodes": sorted(str(path) for path in Path("/dev").glob("nvidia*") if path.is_char_device()),
    }


def _asked(program: str, fields: str) -> tuple[str, str]:
    argv = [program, f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    try:
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=SMI_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "", f"nvidia-smi says nothing within {SMI_SECONDS} seconds"
    except OSError as error:
        return "", str(error)
    lines = ended.stdout if ended.returncode == 0 else ""
    # Without a card that the driver can use it ends with 0 and says so on standard output.
    return (lines, "") if told_by_nvidia(lines) else ("", f"{ended.stdout}\n{ended.stderr}".strip())


def _said(argv: list[str]) -> str:
    try:
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=SMI_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout if ended.returncode == 0 else ""


def _mode() -> str:
    line = _MODE.search(text_of(RUNTIME_SETTINGS))
    return line[1] if line else ""


def _cdi_driver() -> str | None:
    """Return the version in the paths of the libraries that CDI's names bring along."""
    files = (path for folder in CDI_FOLDERS for path in sorted(folder.glob("nvidia*.*")))
    libraries = (_CDI_LIBRARY.search(text_of(path)) for path in files)
    return next((library[1] for library in libraries if library), None)


def _packages() -> dict[str, str]:
    """Return the versions of the toolkit's installed packages."""
    form = "${Package} ${Version} ${db:Status-Status}\n"
    try:
        argv = ["dpkg-query", "--show", "--showformat", form, *PACKAGES]
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=SMI_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    # It ends with 1 if one of them is missing, and lists the others.
    rows = (line.split() for line in ended.stdout.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 3 and row[2] == "installed"}


def _address(bus: str) -> str:
    """Return a PCI address as the kernel writes it: nvidia-smi gives its domain eight digits, and capitals."""
    domain, _, rest = bus.lower().partition(":")
    return f"{domain[-4:]}:{rest}"
