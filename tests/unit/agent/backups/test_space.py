"""Space of a restore: all of it is checked first, with the sum of what goes to one file system."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.agent.backups import space
from deploy.agent.data import copy
from deploy.agent.errors import AgentError
from deploy.agent.inputs import disk
from tests.unit.agent.backups.conftest import Host, Restore, said
from tests.unit.agent.backups.model_store import MINE, Store

LETTER = 300_000
"""More than everything else in the backup has together."""
Free = Callable[[int], None]


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Free:
    """Let so many bytes be free on each file system."""

    def set_free(size: int) -> None:
        for module in (space, copy):
            monkeypatch.setattr(module, "SPARE", 0)
        monkeypatch.setattr(disk, "free_bytes", lambda _path: size)

    return set_free


def test_a_restore_counts_the_files_in_the_folders_of_its_parts(
    host: Host, put_back: Restore, calls: list[str], free: Free
) -> None:
    (host.data / "uploads/letter.txt").write_bytes(os.urandom(LETTER))
    host.back_up()
    host.say("later")
    free(LETTER)
    with pytest.raises(AgentError, match=r"needed for page, .* free"):
        put_back(only=["page"])
    assert (calls, said(host.database)) == ([], ["first", "later"])
    assert not list(host.data.glob(".kit-*"))


def test_data_and_models_that_fit_each_but_not_together_change_nothing(
    host: Host, tmp_path: Path, put_back: Restore, calls: list[str], free: Free
) -> None:
    store = Store(host, tmp_path / "models")
    large = os.urandom(LETTER)
    store.make("large/latest", large)
    store.ask("own")
    host.back_up()
    host.say("later")
    store.lose()
    free(LETTER + 1000)
    with pytest.raises(AgentError, match="needed for page and secrets and the models of main, ") as failure:
        put_back()
    assert failure.value.next_step.endswith("nothing was changed")
    assert (calls, said(host.database), store.files) == ([], ["first", "later"], {})
    assert put_back(only=["main"])["parts"] == ["main"]
    assert store.path(large).read_bytes() == large
    assert store.path(MINE).read_bytes() == MINE


def test_the_named_parts_in_a_folder_are_counted_together(
    host: Host, tmp_path: Path, put_back: Restore, free: Free
) -> None:
    store = Store(host, tmp_path / "models")
    store.make("large/latest", os.urandom(LETTER))
    store.ask("own")
    (host.data / "uploads/letter.txt").write_bytes(os.urandom(LETTER))
    host.back_up()
    free(LETTER * 3 // 2)
    for name in ("page", "main"):
        put_back(only=[name], to=str(tmp_path / name))
    with pytest.raises(AgentError, match="needed for page and main, "):
        put_back(only=["page", "main"], to=str(tmp_path / "both"))
    assert not list((tmp_path / "both").iterdir())
