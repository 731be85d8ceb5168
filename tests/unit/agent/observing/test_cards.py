"""Cards as the kernel's trees and nvidia-smi's lines tell them; no machine of ours has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.observing import cards, nvidia

NVIDIA_VERSION = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\nGCC version: 12.2.0\n"
)
ADA, BLACKWELL = "GPU-8f3c1b52-0f0e-5a3d-9b7a-2f1d9e0c4a11", "GPU-c1b2a3d4-1111-2222-3333-444455556666"
SMI = f"""00000000:01:00.0, NVIDIA GeForce RTX 4090, {ADA}, 570.86.15, 24564
00000000:C1:00.0, NVIDIA GB10, {BLACKWELL}, 570.86.15, [N/A]
"""


def device(folder: Path, kind: str, vendor: str, number: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in (("class", kind), ("vendor", vendor), ("device", number)):
        (folder / name).write_text(text + "\n")
    return folder


def information(machine: Path, address: str, uuid: str = "GPU-????????-????-????-????-????????????") -> None:
    path = machine / "nvidia" / "gpus" / address / "information"
    path.parent.mkdir(parents=True)
    path.write_text(f"Model: \t\t NVIDIA GeForce RTX 4090\nIRQ:   \t\t 140\nGPU UUID: \t {uuid}\n")
    (machine / "nvidia" / "version").write_text(NVIDIA_VERSION)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A double of /sys and /proc, for there is no graphics card here."""
    monkeypatch.setattr(cards, "PCI", tmp_path / "pci")
    monkeypatch.setattr(cards, "MODULES", tmp_path / "module")
    monkeypatch.setattr(nvidia, "PROC", tmp_path / "nvidia")
    monkeypatch.setattr(nvidia, "WSL_DRIVER", tmp_path / "wsl" / "nvidia-smi")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def smi(machine: Path, place: str, script: str) -> None:
    program = machine / place / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def printing(text: str) -> str:
    return "\n".join(f"echo '{line}'" for line in text.splitlines())


def seen() -> list[tuple[str, str | None, str | None]]:
    return [(card["vendor"], card["card"], card["driver"]) for card in cards.cards()]


def test_a_machine_without_a_card_has_none(machine: Path) -> None:
    device(machine / "pci" / "0000:00:1f.6", "0x020000", "0x8086", "0x15bc")
    assert cards.cards() == []


def test_an_nvidia_card_comes_before_the_one_on_the_board_and_is_named_by_its_driver(machine: Path) -> None:
    device(machine / "pci" / "0000:00:02.0", "0x030000", "0x8086", "0x3e92")
    device(machine / "pci" / "0000:01:00.0", "0x030200", "0x10de", "0x2684")
    information(machine, "0000:01:00.0")
    assert seen() == [("nvidia", "NVIDIA GeForce RTX 4090", "570.86.15"), ("intel", "8086:3e92", None)]


def test_the_kernel_tells_an_nvidia_cards_uuid_once_it_was_used(machine: Path) -> None:
    for number, uuid in (("1", ADA), ("2", "GPU-????????-????-????-????-????????????")):
        device(machine / "pci" / f"0000:0{number}:00.0", "0x030200", "0x10de", "0x2684")
        information(machine, f"0000:0{number}:00.0", uuid)
    assert [(card["uuid"], card["memory_bytes"]) for card in cards.cards()] == [(ADA, None), (None, None)]


def test_nvidia_smi_tells_each_cards_memory_where_it_has_its_own(machine: Path) -> None:
    for number in ("01", "c1"):
        device(machine / "pci" / f"0000:{number}:00.0", "0x030200", "0x10de", "0x2684")
        information(machine, f"0000:{number}:00.0")
    smi(machine, "bin", printing(SMI))
    found = {card["pci"]: (card["uuid"], card["memory_bytes"]) for card in cards.cards()}
    assert found == {"0000:01:00.0": (ADA, 24564 * 2**20), "0000:c1:00.0": (BLACKWELL, None)}


def test_a_card_under_wsl_is_known_by_the_drivers_program_alone(machine: Path) -> None:
    smi(machine, "wsl", printing(SMI.splitlines()[0]))
    assert seen() == [("nvidia", "NVIDIA GeForce RTX 4090", "570.86.15")]


@pytest.mark.parametrize("script", ["exit 9", "echo 'Failed to initialize NVML: Driver/library version mismatch'"])
def test_a_driver_whose_program_fails_leaves_what_the_kernel_tells(machine: Path, script: str) -> None:
    information(machine, "0000:01:00.0")
    device(machine / "pci" / "0000:01:00.0", "0x030200", "0x10de", "0x2684")
    smi(machine, "bin", script)
    assert seen() == [("nvidia", "NVIDIA GeForce RTX 4090", "570.86.15")]


def test_a_card_whose_driver_is_missing_is_named_by_its_numbers(machine: Path) -> None:
    device(machine / "pci" / "0000:01:00.0", "0x030000", "0x10de", "0x2684")
    assert seen() == [("nvidia", "10de:2684", None)]


def test_every_amd_card_is_told_with_its_driver_memory_and_uuid(machine: Path) -> None:
    (machine / "drivers" / "amdgpu").mkdir(parents=True)
    (machine / "module" / "amdgpu").mkdir(parents=True)
    (machine / "module" / "amdgpu" / "version").write_text("6.10.5\n")
    for number, name in (("03", "Radeon RX 7900 XTX"), ("0a", "Radeon PRO W7900")):
        folder = device(machine / "pci" / f"0000:{number}:00.0", "0x030000", "0x1002", "0x744c")
        (folder / "product_name").write_text(f"{name}\n")
        (folder / "mem_info_vram_total").write_text("25753026560\n")
        (folder / "unique_id").write_text("a1b2c3d4e5f60718\n")
        (folder / "driver").symlink_to(machine / "drivers" / "amdgpu")
    assert seen() == [("amd", name, "amdgpu 6.10.5") for name in ("Radeon RX 7900 XTX", "Radeon PRO W7900")]
    assert {(card["uuid"], card["memory_bytes"]) for card in cards.cards()} == {("GPU-a1b2c3d4e5f60718", 25753026560)}
