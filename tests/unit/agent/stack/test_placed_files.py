"""Placed files that are not as their manifest says: each difference has its words, and placing mends it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.releases import PlacedFile
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.releases import place
from deploy.agent.stack.release import observe
from deploy.cli.told.drift import drift
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker, OperatingSystem

QUIET = Journal("", "")
CONTENT = "model_list: []\n"
SHA256 = hashlib.sha256(CONTENT.encode()).hexdigest()
FILE = f"files/{SHA256}/litellm.yaml"
OWNER = f"{os.geteuid()}:{os.getegid()}"
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(place, "check_file", lambda *_: None)
    place.run(request(tmp_path), QUIET)
    (tmp_path / "current").symlink_to(f"releases/{release()[0]}")
    assert observe(tmp_path)["changed_files"] == []
    return tmp_path


def release() -> tuple[str, str]:
    """Return the digest and the bytes of a manifest."""
    stated = {"path": FILE, "sha256": SHA256, "mode": "0444", "owner": "0:0" if IS_ROOT else OWNER}
    text = json.dumps({"format": 1, "kit": "0", "stack": "t", "files": [stated], "services": {}})
    return hashlib.sha256(text.encode()).hexdigest(), text


def request(root: Path) -> Any:
    digest, text = release()
    files: list[PlacedFile] = [
        {"path": path, "content": content, "mode": "0444", "sha256": hashlib.sha256(content.encode()).hexdigest()}
        for path, content in ((FILE, CONTENT), (f"releases/{digest}/manifest.json", text))
    ]
    return {"stack": "t", "root": str(root), "release": digest, "files": files}


def opened(file: Path) -> None:
    file.chmod(0o600)


def given_away(file: Path) -> None:
    os.chown(file, 1000, -1)


def given_to_a_group(file: Path) -> None:
    os.chown(file, -1, 1000)


def given_away_and_opened(file: Path) -> None:
    os.chown(file, 1000, 1000)
    file.chmod(0o666)


def replaced_by_a_link_to_the_same_bytes(file: Path) -> None:
    file.rename(file.with_name("copy"))
    file.symlink_to("copy")


def replaced_by_a_link_to_other_bytes(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


def replaced_by_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def replaced_by_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def rewritten(file: Path) -> None:
    file.chmod(0o644)
    file.write_text("model_list: [mine]\n")
    file.chmod(0o444)


as_root = pytest.mark.skipif(not IS_ROOT, reason="only root gives files away")


@pytest.mark.parametrize(
    ("change", "words", "has_content"),
    [
        (opened, "mode is 0600, not 0444", True),
        pytest.param(given_away, "owner is 1000:0, not 0:0", True, marks=as_root),
        pytest.param(given_to_a_group, "owner is 0:1000, not 0:0", True, marks=as_root),
        pytest.param(given_away_and_opened, "mode is 0666, not 0444, owner is 1000:1000, not 0:0", True, marks=as_root),
        (replaced_by_a_link_to_the_same_bytes, "is a link to copy", True),
        (replaced_by_a_link_to_other_bytes, "is a link to /etc/passwd", False),
        (replaced_by_a_folder, "is a folder", False),
        (replaced_by_a_pipe, "is not a file", False),
        (Path.unlink, "is missing", False),
        (rewritten, "has other bytes than the release's", False),
    ],
)
def test_each_difference_is_told_as_what_it_is_and_mended_by_placing(
    root: Path, change: Callable[[Path], None], words: str, has_content: bool
) -> None:
    change(root / FILE)
    assert observe(root)["changed_files"] == [{"path": FILE, "cause": words, "has_content": has_content}]
    assert place.run(request(root), QUIET)["placed"] == [FILE]
    assert observe(root)["changed_files"] == []
    assert not place.run(request(root), QUIET)["changed"]


def test_a_manifest_is_a_placed_file_as_well(root: Path) -> None:
    path = f"releases/{release()[0]}/manifest.json"
    (root / path).chmod(0o666)
    assert observe(root)["changed_files"] == [{"path": path, "cause": "mode is 0666, not 0444", "has_content": True}]
    assert place.run(request(root), QUIET)["placed"] == [path]


@pytest.mark.parametrize(
    "change",
    [{"files": None}, {"files": [{"path": 1}]}, {"files": ["x"]}, {"services": {"main": "x"}}, {"kit": None}],
    ids=str,
)
def test_a_manifest_of_another_shape_is_none_and_placed_again(root: Path, change: dict[str, Any]) -> None:
    path = f"releases/{release()[0]}/manifest.json"
    (root / path).chmod(0o644)
    (root / path).write_text(json.dumps({**json.loads(release()[1]), **change}))
    assert observe(root)["manifest"] is None
    assert [file["path"] for file in observe(root)["changed_files"]] == [path]
    assert place.run(request(root), QUIET)["placed"] == [path]
    assert observe(root)["manifest"] is not None


def test_a_container_that_has_the_file_open_gets_the_rights_back_too(root: Path) -> None:
    mounted = os.open(root / FILE, os.O_RDONLY)
    try:
        opened(root / FILE)
        place.run(request(root), QUIET)
        assert os.fstat(mounted).st_mode & 0o7777 == 0o444
        assert os.fstat(mounted).st_ino != (root / FILE).stat().st_ino
    finally:
        os.close(mounted)


def test_nothing_behind_a_link_gets_other_rights(root: Path) -> None:
    replaced_by_a_link_to_the_same_bytes(root / FILE)
    copy = (root / FILE).with_name("copy")
    copy.chmod(0o640)
    place.run(request(root), QUIET)
    assert copy.stat().st_mode & 0o7777 == 0o640


def test_a_folder_with_content_in_a_files_place_is_left_to_its_owner(root: Path) -> None:
    replaced_by_a_folder(root / FILE)
    (root / FILE / "mine").touch()
    with pytest.raises(AgentError, match="is a folder") as caught:
        place.run(request(root), QUIET)
    assert caught.value.next_step.startswith("move it away")
    assert (root / FILE / "mine").exists()


def test_a_file_that_may_not_be_replaced_is_told_with_the_line_that_frees_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(root / FILE)

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(place, "write_file", refused)
    with pytest.raises(AgentError, match="may be immutable") as caught:
        place.run(request(root), QUIET)
    assert "chattr -i" in caught.value.next_step


def test_what_else_lies_in_the_release_is_told_and_stays(root: Path) -> None:
    folder = root / "releases" / release()[0]
    (folder / ".env").touch()
    (folder / "mine").mkdir()
    (folder / "mine" / "inner").touch()
    (folder / f".compose.yaml.{os.getpid()}.new").touch()
    seen = tuple(observe(root)["extra_files"])
    system = OperatingSystem("debian", "12", "bookworm")
    host = Observation(Docker(server=True), system, True, True, release=folder.name, extra_files=seen)
    assert drift(host)[0] == f"file releases/{folder.name}/.env does not belong to the release; remove it"
    wanted = [f"releases/{folder.name}/.env", f"releases/{folder.name}/mine"]
    assert observe(root)["extra_files"] == wanted
    place.run(request(root), QUIET)
    assert observe(root)["extra_files"] == wanted
