"""No destroy takes the key of a repository: the backups stay, and nobody could read them without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.releases.remove import remove_made
from deploy.agent.stack.secrets import secret_path


@pytest.mark.parametrize("with_data", [False, True])
def test_a_destroy_leaves_the_key_of_the_backups_and_what_is_remembered_of_them(
    tmp_path: Path, with_data: bool
) -> None:
    root = tmp_path / "home"
    for service, name in ((BACKUP_OWNER, BACKUP_KEY), ("page", "token")):
        secret_path(root, service, name).parent.mkdir(parents=True)
        secret_path(root, service, name).write_text("a value")
    (root / "backups.json").write_text("{}")
    (root / "backup/copies").mkdir(parents=True)
    remove_made(root, [], with_data)
    kept = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    assert kept == ["backups.json", f"secrets/{BACKUP_OWNER}/{BACKUP_KEY}"]
