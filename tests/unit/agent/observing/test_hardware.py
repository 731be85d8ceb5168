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
