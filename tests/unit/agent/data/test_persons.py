"""A person's own folders, replaced by the person's user: another user than root, on a real file system."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.contract.places import SharedPlace
from deploy.agent.data import persons
from deploy.agent.data.trees import Entry, entry, walk
from deploy.agent.errors import AgentError

UID = 12345
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def shared() -> Iterator[SharedPlace]:
    """The bridge of a person; others reach no folder of the tests'."""
    root = Path(tempfile.mkdtemp())
    for folder in ("static/uploads", "config"):
        (root / folder).mkdir(parents=True)
    (root / "config" / "now.ini").write_text("now")
    for path in (root, *root.rglob("*")):
        os.chown(path, UID, UID)
    root.chmod(0o755)
    items = [{"tree": "config"}, {"tree": "static/uploads"}]
    yield {"host_path": str(root), "items": items, "uid": UID, "gid": UID}
    shutil.rmtree(root)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of a backup with a file of the person's, one of root's, and one that only root could read."""
    data = tmp_path / "data"
    (data / "static/uploads").mkdir(parents=True)
    (data / "config").mkdir()
    for name, owner, mode in (("letter.txt", UID, 0o600), ("of_root.txt", 0, 0o644), ("shadow", 0, 0o600)):
        path = data / "static/uploads" / name
        path.write_text(name)
        path.chmod(mode)
        os.chown(path, owner, owner)
    (data / "config" / "link").symlink_to("/etc/hostname")
    return data


def files_of(copy: Path) -> list[Entry]:
    tops = ("config", "static")
    return [entry(copy, path) for top in tops for path in walk(copy, top, lambda _path: False)]


def test_files_come_back_as_the_persons_and_what_was_there_is_kept(shared: SharedPlace, copy: Path) -> None:
    root, uploads = Path(shared["host_path"]), Path(shared["host_path"]) / "static/uploads"
    before = (root / "config").stat().st_ino
    aside = persons.put_in(shared, files_of(copy), copy)
    assert sorted(path.name for path in uploads.iterdir()) == ["letter.txt", "of_root.txt"]
    assert {path.stat().st_uid for path in uploads.iterdir()} == {UID}
    assert (root / "config" / "link").readlink() == Path("/etc/hostname")
    assert (aside / "config/now.ini").read_text() == "now"
    # The container has the folders themselves mounted.
    assert (root / "config").stat().st_ino == before

    meanwhile = persons.put_back(shared, aside)
    assert ((root / "config/now.ini").read_text(), list(uploads.iterdir())) == ("now", [])
    assert (meanwhile / "static/uploads/letter.txt").read_text() == "letter.txt"
    assert not list(root.glob("*.ready"))


def test_a_link_of_the_persons_leads_nobody_into_a_folder_of_roots(
    shared: SharedPlace, copy: Path, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    (private / "kept").write_text("kept")
    folder = Path(shared["host_path"]) / "config"
    shutil.rmtree(folder)
    folder.symlink_to(private)
    with pytest.raises(AgentError, match="could not put files into"):
        persons.put_in(shared, files_of(copy), copy)
    assert [path.name for path in private.iterdir()] == ["kept"]


def test_files_that_have_no_space_change_nothing(
    shared: SharedPlace, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persons, "SPARE", 2**60)
    with pytest.raises(AgentError, match=f"not enough disk at {shared['host_path']}: .* needed for the restored files"):
        persons.put_in(shared, files_of(copy), copy)
    assert (Path(shared["host_path"]) / "config/now.ini").exists()


def test_a_new_bridge_gets_the_files_of_the_former_one_where_it_has_none(shared: SharedPlace, tmp_path: Path) -> None:
    root = Path(shared["host_path"])
    former = Path(tempfile.mkdtemp())
    former.chmod(0o755)
    for name in ("config/now.ini", "static/uploads/letter.txt"):
        path = former / name
        path.parent.mkdir(parents=True)
        path.write_text("of the former bridge")
    try:
        said = persons.bring(shared, former)
    finally:
        shutil.rmtree(former)
    assert (root / "static/uploads/letter.txt").stat().st_uid == UID
    assert (root / "config/now.ini").read_text() == "now"
    assert "has files already" in said[0]
    assert said[1].endswith(f"are in {root}/static/uploads as well")
    assert persons.bring(shared, tmp_path / "nowhere") == []


KILLED = """
import os
def killing(old, new, rename=os.rename, moved=[]):
    if os.path.basename(new) in ("a.txt", "b.txt"):
        if moved:
            os.kill(os.getpid(), 9)
        moved.append(new)
    rename(old, new)
os.rename = killing
"""


def test_a_killed_bringing_is_finished_by_the_next_one(shared: SharedPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads, former = Path(shared["host_path"]) / "static/uploads", Path(tempfile.mkdtemp())
    former.chmod(0o755)
    (former / "static/uploads").mkdir(parents=True)
    for name in ("a.txt", "b.txt"):
        (former / "static/uploads" / name).write_text(name)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(persons, "BRINGER", KILLED + persons.BRINGER)
            with pytest.raises(AgentError, match="could not put files into"):
                persons.bring(shared, former)
        assert persons.bring(shared, former) == [f"the files in {former}/static/uploads are in {uploads} as well"]
    finally:
        shutil.rmtree(former)
    assert sorted(path.name for path in uploads.iterdir()) == ["a.txt", "b.txt"]
