from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from deploy.agent.data.copy import take_copy
from deploy.agent.data.trees import copied_digest, copy_file, entry, own
from deploy.agent.journal import Journal


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


def be(kind: str, path: Path, elsewhere: Path) -> None:
    """Put an entry of a kind at a path, in the place of what is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir(parents=True)
        (path / "letter").write_text("mine")
    elif kind == "link":
        path.symlink_to(elsewhere)
    else:
        path.write_text("mine")


@pytest.mark.parametrize(("before", "after"), [*itertools.permutations(("file", "folder", "link"), 2)])
def test_an_entry_that_became_another_kind_is_copied_as_such_and_nowhere_else(
    tmp_path: Path, before: str, after: str
) -> None:
    data, copy, elsewhere = tmp_path / "data", tmp_path / "copy", tmp_path / "etc"
    (data / "uploads").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "letter").write_text("of the system")
    for kind in (before, after):
        be(kind, data / "uploads/one", elsewhere)
        items = [{"tree": "uploads"}]
        take_copy({"service": "page", "host_path": str(data), "items": items}, copy, Journal("", ""))
    assert entry(copy / "data", "uploads/one")["kind"] == after
    assert (elsewhere / "letter").read_text() == "of the system"
