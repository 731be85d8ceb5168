"""Behind an apply, what killed runs left half done is removed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.removals import CollectAnswer
from deploy.agent.data.restoring import FETCHED, brought_folder, shared_folder
from deploy.agent.docker.api import Docker
from deploy.agent.journal import Journal
from deploy.agent.releases import collect
from deploy.agent.stack.backup_memory import backing_up


class Empty(Docker):
    """A Docker without images and containers."""

    def __init__(self) -> None:
        super().__init__(os.devnull)

    def images(self, reference: str | None = None) -> list[dict[str, Any]]:
        assert reference is None
        return []

    def containers(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        assert labels is None
        return []


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack whose release says where its data is, with what a killed move and a killed restore left."""
    monkeypatch.setattr(collect, "Docker", Empty)
    monkeypatch.setattr(collect, "AGENTS", tmp_path / "agent")
    root, data = tmp_path / "home", tmp_path / "page"
    release = root / "releases" / "r"
    release.mkdir(parents=True)
    (root / "current").symlink_to("releases/r")
    (release / "backup.json").write_text(json.dumps({"data": [{"service": "page", "host_path": str(data)}]}))
    for folder in (data / "uploads", data / FETCHED, shared_folder(root) / "page_bridge" / FETCHED):
        folder.mkdir(parents=True)
    brought_folder(root).mkdir()
    return root


def collected(root: Path) -> CollectAnswer:
    return collect.run({"stack": "home", "root": str(root), "keep": ["r"], "model_folders": []}, Journal("", ""))


def test_what_killed_moves_and_restores_left_goes_behind_an_apply(root: Path, tmp_path: Path) -> None:
    left = [brought_folder(root), tmp_path / "page" / FETCHED, shared_folder(root) / "page_bridge" / FETCHED]
    answer = collected(root)
    assert (answer["changed"], answer["leftovers"]) == (True, list(map(str, left)))
    assert not any(path.exists() for path in left)
    assert (tmp_path / "page/uploads").is_dir()
    assert not collected(root)["changed"]


def test_the_orphan_of_a_killed_restore_keeps_its_folders(root: Path) -> None:
    with backing_up(root):
        assert not collected(root)["changed"]
    assert brought_folder(root).is_dir()


def test_a_link_in_the_place_of_such_a_folder_is_not_followed(root: Path, tmp_path: Path) -> None:
    fetched = tmp_path / "page" / FETCHED
    fetched.rmdir()
    fetched.symlink_to(tmp_path / "page/uploads")
    collected(root)
    assert (tmp_path / "page/uploads").is_dir()
