"""The machine's graphics cards, each with its memory, driver and UUID, as far as the kernel and its driver tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.observing import nvidia
from deploy.agent.observing.texts import text_of

if TYPE_CHECKING:
    from deploy.agent.contract.hardware import Card, Nvidia

PCI = Path("/sys/bus/pci/devices")
MODULES = Path("/sys/module")
DISPLAY_CLASSES = ("0x0300", "0x0302", "0x0380", "0x1200")
VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel"}
PREFERENCE = ("nvidia", "amd", "intel")


def observe() -> tuple[list[Card], Nvidia | None]:
    """Return every card that a model could run on, the likeliest first, and what NVIDIA's driver says of itself."""
    own = [card for card in map(_card, sorted(_devices())) if card is not None]
    if not nvidia.is_there():
        has_card = any(card["vendor"] == "nvidia" for card in own)
        return _sorted(own), nvidia.observe("") if has_card else None
    lines, words = nvidia.smi()
    return _sorted(_with_nvidia(own, nvidia.told_by_nvidia(lines))), nvidia.observe(words)


def cards() -> list[Card]:
    """Return every card that a model could run on, the likeliest first."""
    return observe()[0]


def _sorted(own: list[Card]) -> list[Card]:
    return sorted(own, key=lambda card: (PREFERENCE.index(card["vendor"]), card["pci"] or ""))


def _with_nvidia(own: list[Card], told: list[Card]) -> list[Card]:
    by_address = {card["pci"]: card for card in told}
    known = [_joined(card, by_address.pop(card["pci"], None)) for card in own]
    # A card under WSL has no device of its own.
    more = list(by_address.values())
    if not more and not any(card["vendor"] == "nvidia" for card in known):
        more = [_bare("nvidia", None, None, nvidia.module_version())]
    return known + more


def _joined(card: Card, told: Card | None) -> Card:
    return {**told, "ids": card["ids"], "node": card["node"]} if told else card


def _devices() -> list[Path]:
    return list(PCI.iterdir()) if PCI.is_dir() else []


def _card(device: Path) -> Card | None:
    vendor = VENDORS.get(text_of(device / "vendor").strip())
    if vendor is None or not text_of(device / "class").startswith(DISPLAY_CLASSES):
        return None
    if vendor == "nvidia":
        return _nvidia(device)
    card = _bare(vendor, device.name, text_of(device / "product_name").strip() or _numbers(device), _driver(device))
    card["ids"] = _numbers(device)
    # amdgpu alone tells both; another driver's cards share the machine's memory, or do not say.
    memory, unique = (text_of(device / name).strip() for name in ("mem_info_vram_total", "unique_id"))
    card["memory_bytes"] = int(memory) if memory.isdigit() else None
    card["uuid"] = f"GPU-{unique}" if unique else None
    return card


def _nvidia(device: Path) -> Card:
    lines = text_of(nvidia.PROC / "gpus" / device.name / "information").splitlines()
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    driver = nvidia.module_version() if nvidia.PROC.is_dir() else _driver(device)
    card = _bare("nvidia", device.name, told.get("Model") or _numbers(device), driver)
    # Question marks stand there until the card was used once.
    card["uuid"] = None if "?" in told.get("GPU UUID", "?") else told["GPU UUID"]
    card["ids"] = _numbers(device)
    card["node"] = f"/dev/nvidia{told['Device Minor']}" if "Device Minor" in told else None
    return card


def _bare(vendor: str, address: str | None, name: str | None, driver: str | None) -> Card:
    return {
        "vendor": vendor,
        "pci": address,
        "card": name,
        "driver": driver,
        "uuid": None,
        "memory_bytes": None,
        "compute": None,
        "ids": None,
        "node": None,
    }


def _numbers(device: Path) -> str:
    return f"{text_of(device / 'vendor').strip()[2:]}:{text_of(device / 'device').strip()[2:]}"


def _driver(device: Path) -> str | None:
    link = device / "driver"
    if not link.exists():
        return None
    name = link.resolve().name
    version = text_of(MODULES / name / "version").strip()
    return f"{name} {version}" if version else name
