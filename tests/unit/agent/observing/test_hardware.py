from __future__ import annotations

import platform
from pathlib import Path

from deploy.agent.observing import hardware


def test_the_processor_is_named_as_the_kernel_does() -> None:
    assert hardware.observe()["architecture"] == platform.machine()


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


def test_only_one_running_machine_has_its_identity(tmp_path: Path) -> None:
    own, boot = tmp_path / "machine-id", tmp_path / "boot_id"

    def seen(name: str, started: str) -> str:
        own.write_text(f"{name}\n")
        boot.write_text(f"{started}\n")
        return hardware.identity(own, boot)

    first = seen("a", "1")
    others = {seen("a", "2"), seen("b", "1")}
    assert len({first} | others) == 3, "cloned disks, and containers of one kernel"
    assert seen("a", "1") == first
    assert "a1" not in seen("a1", "1")
    assert [seen("", "1"), seen("uninitialized", "1")] == ["", ""]
    own.unlink()
    assert hardware.identity(own, boot) == ""
