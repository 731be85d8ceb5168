"""The machine's graphics cards, each with its memory, driver and UUID, as far as the kernel and its driver tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.agent.contract.hardware import Card

PCI = Path("/sys/bus/pci/devices")
MODULES = Path("/sys/module")
NVIDIA = Path("/proc/driver/nvidia")
WSL_DRIVER = Path("/usr/lib/wsl/lib/nvidia-smi")
DISPLAY_CLASSES = ("0x0300", "0x0302", "0x0380", "0x1200")
VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel"}
PREFERENCE = ("nvidia", "amd", "intel")
MIB = 2**20
ASKED = "pci.bus_id,name,uuid,driver_version,memory.total"
# The first answer after a boot loads the driver's firmware.
SMI_SECONDS = 20


def cards() -> list[Card]:
    """Return every card that a model could run on, the likeliest first."""
    own = [card for card in map(_card, sorted(_devices())) if card is not None]
    if NVIDIA.is_dir() or WSL_DRIVER.exists():
        own = _with_nvidia(own, told_by_nvidia(_smi()))
    return sorted(own, key=lambda card: (PREFERENCE.index(card["vendor"]), card["pci"] or ""))


def told_by_nvidia(text: str) -> list[Card]:
    """Read nvidia-smi's lines; a value that it does not know, such as a memory shared with the processor, is None."""
    rows = ([cell.strip() for cell in line.split(",")] for line in text.splitlines())
    return [
        {
            "vendor": "nvidia",
            "pci": _address(bus),
            "card": name,
            "driver": driver,
            "uuid": uuid,
            "memory_bytes": int(memory) * MIB if memory.isdigit() else None,
        }
        for bus, name, uuid, driver, memory in (row for row in rows if len(row) == ASKED.count(",") + 1)
    ]


def _with_nvidia(own: list[Card], told: list[Card]) -> list[Card]:
    by_address = {card["pci"]: card for card in told}
    known = [by_address.pop(card["pci"], card) for card in own]
    # A card under WSL has no device of its own.
    more = list(by_address.values())
    if not more and not any(card["vendor"] == "nvidia" for card in known):
        more = [_bare("nvidia", None, None, _nvidia_driver())]
    return known + more


def _smi() -> str:
    """Return the output of the driver's own program; empty if it is missing or fails."""
    import shutil
    import subprocess

    program = shutil.which("nvidia-smi") or (str(WSL_DRIVER) if WSL_DRIVER.exists() else None)
    if program is None:
        return ""
    argv = [program, f"--query-gpu={ASKED}", "--format=csv,noheader,nounits"]
    try:
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=SMI_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout if ended.returncode == 0 else ""


def _address(bus: str) -> str:
    """Return a PCI address as the kernel writes it: nvidia-smi gives its domain eight digits, and capitals."""
    domain, _, rest = bus.lower().partition(":")
    return f"{domain[-4:]}:{rest}"


def _devices() -> list[Path]:
    return list(PCI.iterdir()) if PCI.is_dir() else []


def _card(device: Path) -> Card | None:
    vendor = VENDORS.get(text_of(device / "vendor").strip())
    if vendor is None or not text_of(device / "class").startswith(DISPLAY_CLASSES):
        return None
    if vendor == "nvidia":
        return _nvidia(device)
    card = _bare(vendor, device.name, text_of(device / "product_name").strip() or _numbers(device), _driver(device))
    # amdgpu alone tells both; another driver's cards share the machine's memory, or do not say.
    memory, unique = (text_of(device / name).strip() for name in ("mem_info_vram_total", "unique_id"))
    card["memory_bytes"] = int(memory) if memory.isdigit() else None
    card["uuid"] = f"GPU-{unique}" if unique else None
    return card


def _nvidia(device: Path) -> Card:
    lines = text_of(NVIDIA / "gpus" / device.name / "information").splitlines()
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    driver = _nvidia_driver() if NVIDIA.is_dir() else _driver(device)
    card = _bare("nvidia", device.name, told.get("Model") or _numbers(device), driver)
    # Question marks stand there until the card was used once.
    card["uuid"] = None if "?" in told.get("GPU UUID", "?") else told["GPU UUID"]
    return card


def _bare(vendor: str, address: str | None, name: str | None, driver: str | None) -> Card:
    return {"vendor": vendor, "pci": address, "card": name, "driver": driver, "uuid": None, "memory_bytes": None}


def _numbers(device: Path) -> str:
    return f"{text_of(device / 'vendor').strip()[2:]}:{text_of(device / 'device').strip()[2:]}"


def _driver(device: Path) -> str | None:
    link = device / "driver"
    if not link.exists():
        return None
    name = link.resolve().name
    version = text_of(MODULES / name / "version").strip()
    return f"{name} {version}" if version else name


def _nvidia_driver() -> str | None:
    words = text_of(NVIDIA / "version").split()
    return next((word for word in words if word[:1].isdigit() and word.count(".") >= 1), None)


def text_of(path: Path) -> str:
    """Return a file's text; empty without it."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
