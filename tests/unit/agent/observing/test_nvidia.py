"""The words of NVIDIA's programs, played by scripts: no machine here has such a card.

nvidia-ctk's list is the one in lf-edge/eve's guide for Jetson; nvidia-smi's mismatch is that of
github.com/intel/llvm issue 17614. Of microsoft/WSL: the kernel is that of issue 12859, wslinfo's word that of issue
11045, and what a package of Linux' driver says inside WSL that of issue 9166.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.observing import cards, nvidia, wsl

MISMATCH = "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.144"
VERSION = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  515.65.01  Wed Mar 16 11:24:05 UTC 2022\n"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs, with a kernel that has NVIDIA's module."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "version").write_text(VERSION)
    monkeypatch.setattr(nvidia, "PROC", tmp_path / "proc")
    monkeypatch.setattr(nvidia, "WSL_DRIVER", tmp_path / "wsl" / "nvidia-smi")
    monkeypatch.setattr(cards, "PCI", tmp_path / "pci")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_library_of_another_version_is_told_with_both(programs: Path) -> None:
    program(programs, "nvidia-smi", f"printf '%s\\n' '{MISMATCH}'; exit 18")
    (card,), driver = cards.observe()
    assert card["driver"] == "515.65.01"
    assert driver is not None
    assert (driver["module"], driver["is_open"], driver["library"]) == ("515.65.01", False, "550.144")
    assert driver["problem"] == " ".join(MISMATCH.split())


def test_a_driver_that_knows_no_compute_capability_is_asked_without_it(programs: Path) -> None:
    refusal = 'Field "compute_cap" is not a valid field to query.'
    line = "00000000:01:00.0, Tesla T4, GPU-8f3c1b52-0f0e-5a3d-9b7a-2f1d9e0c4a11, 470.57.02, 15109"
    program(programs, "nvidia-smi", f"case $1 in *compute_cap*) echo '{refusal}'; exit 2;; esac; echo '{line}'")
    (card,), driver = cards.observe()
    assert (card["card"], card["driver"], card["compute"]) == ("Tesla T4", "470.57.02", None)
    assert driver is not None
    assert driver["problem"] == ""


def test_a_driver_without_a_card_that_it_can_use_says_so(programs: Path) -> None:
    program(programs, "nvidia-smi", "echo 'No devices were found'")
    _, driver = cards.observe()
    assert driver is not None
    assert driver["problem"] == "No devices were found"


def test_the_toolkit_tells_its_packages_and_the_names_of_cards(programs: Path) -> None:
    program(programs, "nvidia-smi", "exit 9")
    program(programs, "modinfo", "echo NVIDIA")
    program(
        programs,
        "nvidia-ctk",
        "echo 'INFO[0000] Found 2 CDI devices' >&2; printf 'nvidia.com/gpu=0\\nnvidia.com/gpu=all\\n'",
    )
    listed = "nvidia-container-toolkit 1.18.2-1 installed\\nlibnvidia-container1 1.18.2-1 not-installed\\n"
    program(programs, "dpkg-query", f"printf '{listed}'; exit 1")
    driver = nvidia.observe("")
    assert driver["packages"] == {"nvidia-container-toolkit": "1.18.2-1"}
    assert driver["cdi"] == ["nvidia.com/gpu=0", "nvidia.com/gpu=all"]
    assert (driver["license"], driver["has_ctk"]) == ("NVIDIA", True)


def test_the_mode_of_the_runtime_is_read_from_its_settings(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = programs / "config.toml"
    monkeypatch.setattr(nvidia, "RUNTIME_SETTINGS", settings)
    assert nvidia.observe("")["mode"] == ""
    # The toolkit's own file (NVIDIA/nvidia-container-toolkit, issue 1246), shortened.
    parts = (
        '[nvidia-container-runtime]\n#debug = "/var/log/x.log"\nlog-level = "info"\nmode = "cdi"\nruntimes = ["runc"]\n'
    )
    settings.write_text(parts)
    assert nvidia.observe("")["mode"] == "cdi"
    settings.write_text(parts.replace("mode", "#mode"))
    assert nvidia.observe("")["mode"] == ""


def test_the_driver_that_the_names_were_made_for_stands_in_their_libraries(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, kept = programs / "live", programs / "kept"
    monkeypatch.setattr(nvidia, "CDI_FOLDERS", (live, kept))
    assert nvidia.observe("")["cdi_driver"] is None
    # As `nvidia-ctk cdi generate` writes it (NVIDIA/cloud-native-docs, container-toolkit/cdi-support.md).
    kept.mkdir()
    (kept / "nvidia.yaml").write_text("    - hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.550.144.03\n")
    assert nvidia.observe("")["cdi_driver"] == "550.144.03"
    live.mkdir()
    (live / "nvidia.yaml").write_text("    - hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.570.86.15\n")
    assert nvidia.observe("")["cdi_driver"] == "570.86.15"
    # Windows' own has another number.
    (live / "nvidia.yaml").write_text("    - hostPath: /usr/lib/wsl/drivers/nv_dispi/libcuda.so.1.1\n")
    (kept / "nvidia.yaml").unlink()
    assert nvidia.observe("")["cdi_driver"] is None


def test_windows_own_driver_is_asked_beside_one_for_linux_that_reaches_no_card(programs: Path) -> None:
    blocked = "Failed to initialize NVML: GPU access blocked by the operating system"
    program(programs, "nvidia-smi", f"echo '{blocked}'; exit 17")
    windows = nvidia.WSL_DRIVER.parent
    windows.mkdir()
    line = "00000000:01:00.0, NVIDIA GeForce RTX 5060 Ti, GPU-c1b2a3d4-1111-2222-3333-444455556666, 576.80, 16311, 12.0"
    program(windows, "nvidia-smi", f"echo '{line}'")
    (card,), driver = cards.observe()
    assert (card["card"], card["driver"]) == ("NVIDIA GeForce RTX 5060 Ti", "576.80")
    assert driver is not None
    assert driver["problem"] == ""


def test_windows_is_known_by_its_kernel_and_its_networking(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert wsl.networking_mode() is None
    kernel = programs / "osrelease"
    kernel.write_text("5.15.167.4-microsoft-standard-WSL2\n")
    monkeypatch.setattr(wsl, "KERNEL", kernel)
    assert wsl.networking_mode() == ""
    program(programs, "wslinfo", '[ "$1" = --networking-mode ] && echo mirrored')
    assert wsl.networking_mode() == "mirrored"
