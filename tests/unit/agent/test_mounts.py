"""The file system of a path is the deepest mount above it, also behind links and for missing paths."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.agent.mounts import Mount, mount_of
from deploy.agent.observing.hardware import disk

TABLE = """\
22 28 0:21 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:30 / {folder}/nas rw,relatime shared:15 - nfs4 box:/export rw,vers=4.2
31 22 0:31 / {folder}/my\\040disk rw,relatime - cifs //box/share rw
32 30 0:32 / {folder}/nas/inner rw - xfs /dev/sdb1 rw
33 22 0:33 / {folder}/twice rw - xfs /dev/sdc1 rw
34 33 0:34 / {folder}/twice rw - 9p drvfs rw
broken line
"""


def found(folder: Path, path: Path) -> Mount:
    return mount_of(path, TABLE.format(folder=folder))


def test_the_deepest_mount_above_a_path_counts(tmp_path: Path) -> None:
    (tmp_path / "nas" / "inner").mkdir(parents=True)
    assert found(tmp_path, tmp_path / "nas").kind == "nfs4"
    assert found(tmp_path, tmp_path / "nas" / "not" / "there" / "yet") == (str(tmp_path / "nas"), "nfs4", "box:/export")
    assert found(tmp_path, tmp_path / "nas" / "inner" / "data").kind == "xfs"
    assert found(tmp_path, tmp_path / "nashville").kind == "ext4"


def test_blanks_in_a_mount_and_a_mount_over_a_mount_are_read(tmp_path: Path) -> None:
    (tmp_path / "my disk").mkdir()
    (tmp_path / "twice").mkdir()
    assert found(tmp_path, tmp_path / "my disk" / "data").kind == "cifs"
    assert found(tmp_path, tmp_path / "twice").kind == "9p"


def test_a_link_leads_to_the_file_system_behind_it(tmp_path: Path) -> None:
    (tmp_path / "nas").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "nas")
    assert found(tmp_path, tmp_path / "data" / "webui").kind == "nfs4"


def test_the_kernels_own_table_is_read(tmp_path: Path) -> None:
    assert mount_of(Path("/proc/self")).kind == "proc"
    seen = disk(tmp_path / "not" / "there")
    assert seen["kind"]
    assert Path(seen["point"]).is_dir()
    assert seen["is_read_only"] is False
    assert disk(Path("/proc/sys"))["is_read_only"] is bool(os.statvfs("/proc/sys").f_flag & os.ST_RDONLY)
