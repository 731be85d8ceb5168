"""A host without a release, one whose release has no backup, and one of a newer kit are told apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.agent.backups.work import FILE, FORMAT, released_backup
from deploy.agent.errors import AgentError

RELEASE = "a" * 64


def released(root: Path, **files: str) -> Path:
    folder = root / "releases" / RELEASE
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    (root / "current").symlink_to(f"releases/{RELEASE}")
    return root


def test_a_host_without_a_release_is_told_to_apply(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="there is no release on this host") as raised:
        released_backup(tmp_path)
    assert "apply" in raised.value.next_step


def test_a_release_without_a_backup_names_the_key_to_write(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="the release on this host has no backup") as raised:
        released_backup(released(tmp_path))
    assert "backup: {repository: PATH}" in raised.value.next_step


def test_a_statement_of_a_newer_kit_is_refused(tmp_path: Path) -> None:
    text = json.dumps({"format": FORMAT + 1})
    with pytest.raises(AgentError, match="was placed by a newer kit"):
        released_backup(released(tmp_path, **{FILE: text}))
