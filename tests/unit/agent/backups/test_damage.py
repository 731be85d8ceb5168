"""A broken repository is named by a check, and refused by a restore before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups import check, restore
from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import observe
from tests.unit.agent.backups.conftest import QUIET, Host, said
from tests.unit.agent.backups.damages import damage, is_named, moved, prepared_in


@pytest.fixture(scope="module")
def backed_up(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Host:
    return prepared_in(tmp_path_factory.mktemp("backed") / "up", repository)


@pytest.fixture
def prepared(backed_up: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    # No container belongs to a played host, whatever runs on this machine.
    monkeypatch.setattr(restore, "_running", lambda *_: [])
    return moved(backed_up, tmp_path / "moved" / "here")


def problems_of(host: Host) -> list[str]:
    return check.run(host.request, QUIET)["problems"]


def refused(host: Host, snapshot: str = "latest") -> str:
    request: Any = {**host.request, "snapshot": snapshot}
    with pytest.raises(AgentError) as raised:
        restore.run(request, QUIET)
    return raised.value.problem


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("config", "middle"),
        ("config", "gone"),
        ("keys", "middle"),
        ("keys", "cut"),
        ("snapshots", "head"),
        ("snapshots", "gone"),
        ("index", "tail"),
        ("index", "gone"),
        ("data", "middle"),
    ],
)
def test_a_broken_file_is_named_by_a_check_and_refused_by_a_restore(prepared: Host, kind: str, how: str) -> None:
    broken = damage(prepared.repository, kind, how)
    problems = problems_of(prepared)
    assert problems
    if (kind, how) != ("index", "gone"):
        assert is_named(" ".join(problems), broken), problems
    seen = observe(prepared.root)["check"]
    assert seen is not None
    assert seen["problems"] == problems
    assert refused(prepared)
    assert said(prepared.database) == ["first", "later"]
    assert sorted(path.name for path in prepared.data.iterdir()) == ["uploads", "webui.db"]


def test_without_any_key_the_repository_is_told_as_broken_and_not_the_key_as_wrong(prepared: Host) -> None:
    damage(prepared.repository, "keys", "gone")
    assert problems_of(prepared)[0] == "keys is empty"
    assert "is broken: keys is empty" in refused(prepared)


def test_a_snapshot_that_cannot_be_read_is_listed_as_broken_and_others_can_be_restored(prepared: Host) -> None:
    first = prepared.listed()["snapshots"][0]["id"]
    newest = prepared.back_up()["snapshot"]
    path = prepared.repository / "snapshots" / newest
    path.chmod(0o600)
    path.write_bytes(b"x" * 200)
    answer = prepared.listed()
    assert [each["id"] for each in answer["snapshots"]] == [first]
    assert newest[:8] in " ".join(answer["problems"])
    assert newest[:8] in refused(prepared)
    request: Any = {**prepared.request, "snapshot": first}
    restore.run(request, QUIET)
    assert said(prepared.database) == ["first"]


def test_a_snapshot_that_is_gone_fails_the_daily_run_once(prepared: Host) -> None:
    lost = damage(prepared.repository, "snapshots", "gone").name
    assert prepared.listed()["problems"] == [f"snapshots/{lost} is missing"]
    assert lost in refused(prepared)
    with pytest.raises(AgentError, match=f"are gone: snapshots/{lost}"):
        prepared.back_up()
    prepared.back_up()
    assert "problems" not in prepared.listed()


def test_the_host_of_these_tests_is_whole_before_its_damage(prepared: Host) -> None:
    assert problems_of(prepared) == []
