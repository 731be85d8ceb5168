from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from deploy import stamps
from deploy.stamps import stamps_of


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stamps, "SECONDS", -3600)
    folder = tmp_path / "package"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("one = 1\n")
    (folder / "inner" / "two.py").write_text("two = 2\n")
    return folder


def test_the_same_modules_have_the_same_digest_and_what_is_compiled_of_them_does_not_count(package: Path) -> None:
    before = stamps_of(package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "two.py").write_text("")
    (package / "notes.txt").write_text("")
    assert before is not None
    assert stamps_of(package) == before


def test_another_byte_of_the_same_length_and_an_old_time_is_seen(package: Path) -> None:
    path, before = package / "inner" / "two.py", stamps_of(package)
    status = path.stat()
    path.write_text("two = 3\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert stamps_of(package) != before


@pytest.mark.parametrize("change", ["more", "less", "renamed", "replaced"])
def test_a_module_that_comes_goes_or_is_replaced_is_seen(package: Path, change: str) -> None:
    path, before = package / "inner" / "two.py", stamps_of(package)
    if change == "more":
        (package / "three.py").write_text("")
    elif change == "less":
        path.unlink()
    elif change == "renamed":
        path.rename(path.with_name("three.py"))
    else:
        shutil.copy2(path, package / "beside")
        (package / "beside").replace(path)
    assert stamps_of(package) != before


def test_modules_that_change_at_this_moment_have_no_digest(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "SECONDS", 3600)
    assert stamps_of(package) is None


def test_a_link_that_leads_back_is_no_loop_and_a_folder_that_is_not_there_has_no_digest(package: Path) -> None:
    (package / "inner" / "back").symlink_to(package)
    assert stamps_of(package) is not None
    assert stamps_of(package / "none") is None
