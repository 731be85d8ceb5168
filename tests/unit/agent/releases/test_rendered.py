"""The agent tells the texts of its release's files, and of no other file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from deploy.agent.contract.applied import RenderedRequest
from deploy.agent.journal import Journal
from deploy.agent.releases import rendered

RELEASE, MOUNTED = "1" * 64, f"files/{'2' * 64}/own.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A stack's folder with a release, a file beside it, and a secret."""
    folder = tmp_path / "releases" / RELEASE
    folder.mkdir(parents=True)
    (folder / "compose.yaml").write_text("services: {}\n")
    (folder / "notes.txt").write_text("not of the release\n")
    (tmp_path / MOUNTED).parent.mkdir(parents=True)
    (tmp_path / MOUNTED).write_bytes(b"\xff\xfe")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("sk-secret")
    known = {"sha256": hashlib.sha256(b"").hexdigest(), "mode": "0444", "owner": "0:0"}
    files = [{"path": path, **known} for path in ("compose.yaml", MOUNTED, "gone.yaml")]
    manifest = {"format": 1, "kit": "0", "stack": "t", "files": files, "services": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "current").symlink_to(f"releases/{RELEASE}")
    return tmp_path


def test_only_files_that_the_release_names_are_told(root: Path) -> None:
    asked = [f"releases/{RELEASE}/{name}" for name in ("compose.yaml", "notes.txt", "gone.yaml", "../../secrets/key")]
    request: RenderedRequest = {"stack": "t", "root": str(root), "paths": [*asked, MOUNTED, "secrets/key"]}
    answer = rendered.run(request, Journal(str(root), ""))
    assert answer == {"files": {f"releases/{RELEASE}/compose.yaml": "services: {}\n"}}


def test_a_stack_without_a_release_has_no_files(tmp_path: Path) -> None:
    request: RenderedRequest = {"stack": "t", "root": str(tmp_path), "paths": ["secrets/key"]}
    assert rendered.run(request, Journal(str(tmp_path), "")) == {"files": {}}
