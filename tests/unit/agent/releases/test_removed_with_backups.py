"""No removal takes the key of a repository: the backups stay, and nobody could read them without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.data.restoring import FETCHED
from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.releases.remove import is_rooted, remove_made
from deploy.agent.stack.backup_memory import remember
from deploy.agent.stack.secrets import secret_path

KEY = f"secrets/{BACKUP_OWNER}/{BACKUP_KEY}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A stack's root with the secrets of a page and of backups, and with what a backup leaves behind."""
    root = tmp_path / "home"
    for service, name in ((BACKUP_OWNER, BACKUP_KEY), ("page", "token")):
        secret_path(root, service, name).parent.mkdir(parents=True)
        secret_path(root, service, name).write_text("a value")
    (root / "backup/copies").mkdir(parents=True)
    return root


def _files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("with_data", [False, True])
def test_a_removal_leaves_the_key_of_a_repository_and_what_is_remembered_of_it(root: Path, with_data: bool) -> None:
    remember(root, repository={"path": "/mnt/kit"})
    remove_made(root, [], with_data)
    assert _files(root) == ["backups.json", KEY]


def test_behind_a_removal_with_the_data_a_second_one_finds_nothing(root: Path) -> None:
    remember(root, repository={"path": "/mnt/kit"})
    assert is_rooted(root)
    remove_made(root, [], with_data=True)
    assert not is_rooted(root)


def test_without_a_repository_a_removal_leaves_nothing(root: Path) -> None:
    remember(root)
    remove_made(root, [], with_data=True)
    assert not root.exists()


def test_secrets_that_a_killed_restore_fetched_go_without_the_data_too(root: Path) -> None:
    fetched = root / FETCHED / "configs/secrets/data/secrets/page/token"
    fetched.parent.mkdir(parents=True)
    fetched.write_text("a former value")
    remove_made(root, [], with_data=False)
    assert not root.exists()


def test_secrets_that_a_restore_replaced_go_with_the_data_alone(root: Path) -> None:
    replaced = root / ".kit-aside-20260301T120000Z/secrets/page/token"
    replaced.parent.mkdir(parents=True)
    replaced.write_text("a former value")
    remove_made(root, [], with_data=False)
    assert replaced.is_file()
    remove_made(root, [], with_data=True)
    assert not root.exists()
