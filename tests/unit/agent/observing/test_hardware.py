from __future__ import annotations

import platform
from pathlib import Path

import pytest

from deploy.agent.observing import hardware

NVIDIA_VERSION = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\nGCC version: 12.2.0\n"
)


def device(folder: Path, kind: str, vendor: str, number: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in (("class", kind), ("vendor", vendor), ("device", number)):
        (folder / name).write_text(text + "\n")
    return folder


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A double of /sys and /proc, for there is no graphics card here."""
    monkeypatch.setattr(hardware, "PCI", tmp_path / "pci")
    monkeypatch.setattr(hardware, "NVIDIA", tmp_path / "nvidia")
    monkeypatch.setattr(hardware, "WSL_DRIVER", tmp_path / "wsl" / "nvidia-smi")
    return tmp_path


def test_a_machine_without_a_card_has_none(machine: Path) -> None:
    device(machine / "pci" / "0000:00:1f.6", "0x020000", "0x8086", "0x15bc")
    assert hardware.observe()["gpu"] == {"vendor": None, "card": None, "driver": None}


def test_the_processor_is_named_as_the_kernel_does() -> None:
    assert hardware.observe()["architecture"] == platform.machine()


def test_an_nvidia_card_comes_before_the_one_on_the_board_and_is_named_by_its_driver(machine: Path) -> None:
    device(machine / "pci" / "0000:00:02.0", "0x030000", "0x8086", "0x3e92")
    device(machine / "pci" / "0000:01:00.0", "0x030200", "0x10de", "0x2684")
    information = machine / "nvidia" / "gpus" / "0000:01:00.0" / "information"
    information.parent.mkdir(parents=True)
    information.write_text("Model: \t\t NVIDIA GeForce RTX 4090\nIRQ:   \t\t 140\n")
    (machine / "nvidia" / "version").write_text(NVIDIA_VERSION)
    assert hardware.observe()["gpu"] == {"vendor": "nvidia", "card": "NVIDIA GeForce RTX 4090", "driver": "570.86.15"}


def test_a_card_whose_driver_is_missing_is_named_by_its_numbers(machine: Path) -> None:
    device(machine / "pci" / "0000:01:00.0", "0x030000", "0x10de", "0x2684")
    assert hardware.observe()["gpu"] == {"vendor": "nvidia", "card": "10de:2684", "driver": None}


def test_an_amd_card_is_named_with_its_driver(machine: Path) -> None:
    folder = device(machine / "pci" / "0000:03:00.0", "0x030000", "0x1002", "0x744c")
    (folder / "product_name").write_text("Radeon RX 7900 XTX\n")
    (machine / "drivers" / "amdgpu").mkdir(parents=True)
    (folder / "driver").symlink_to(machine / "drivers" / "amdgpu")
    assert hardware.observe()["gpu"] == {"vendor": "amd", "card": "Radeon RX 7900 XTX", "driver": "amdgpu"}


def test_the_devices_of_a_pattern_are_told_with_who_may_open_them(tmp_path: Path) -> None:
    for name in ("renderD128", "renderD129"):
        (tmp_path / name).symlink_to("/dev/null")
    (tmp_path / "renderD130").symlink_to("/dev/gone")
    (tmp_path / "renderD131").write_text("no device")
    (tmp_path / "card0").symlink_to("/dev/null")
    null = {"uid": 0, "gid": 0, "mode": "0666"}
    assert hardware.devices(f"{tmp_path}/renderD*") == [
        {"path": f"{tmp_path}/renderD128", **null},
        {"path": f"{tmp_path}/renderD129", **null},
    ]
    assert hardware.devices("/dev/null") == [{"path": "/dev/null", **null}]
    assert hardware.devices("/dev/no-such-card") == []
