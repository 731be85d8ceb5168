from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.data.trees import entry, own


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
