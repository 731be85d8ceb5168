from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.data.trees import copied_digest, copy_file, entry, own


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_that_came_into_the_place_of_a_copy_gives_no_other_file_another_mode(tmp_path: Path, kind: str) -> None:
    copy, secret = tmp_path / "copy", tmp_path / "secret"
    if kind == "file":
        copy.touch(mode=0o644)
        secret.touch(mode=0o600)
    else:
        copy.mkdir(mode=0o755)
        secret.mkdir(mode=0o700)
    before, known = secret.stat().st_mode, entry(tmp_path, "copy")
    copy.rename(tmp_path / "away")
    copy.symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"):
        own(tmp_path, known)
    assert secret.stat().st_mode == before


@pytest.mark.parametrize("is_copied", [True, False])
def test_an_error_of_the_disk_under_the_original_names_the_original(tmp_path: Path, is_copied: bool) -> None:
    # The kernel answers a read of its first bytes with EIO, as a broken disk does.
    broken = Path("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error") as failure:
        copy_file(broken, tmp_path / "copy") if is_copied else copied_digest(broken)
    assert failure.value.filename == str(broken)
