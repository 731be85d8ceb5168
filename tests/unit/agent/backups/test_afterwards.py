"""Notes after a restore, of a played store of models and a played room."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy.agent.backups import afterwards
from deploy.agent.errors import AgentError
from tests.unit.agent.backups.conftest import QUIET, Host


def test_models_of_the_backup_that_this_host_lacks_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"main": {"llama3:8b": "sha256:aa", "gemma:2b": "sha256:bb", "mine": "sha256:cc"}}
    monkeypatch.setattr(afterwards, "dumped", lambda *_: there)
    monkeypatch.setattr(afterwards, "models_of", lambda _: {"main": {"llama3:8b": "sha256:aa", "mine": "sha256:dd"}})
    lacking: Any = {}
    said: Any = {"unlocked": {"main": ["mine"]}}
    gemma, mine = afterwards.missing_models(lacking, lacking, "a", said)
    assert gemma.startswith("the model gemma:2b of main (sha256:bb) is not on this host: ")
    assert "models pull gemma:2b" in gemma
    assert mine.startswith("the model mine of main (sha256:cc) is another one here: ")
    assert "apply" in gemma
    assert "apply" not in mine
    assert mine.endswith("if a library has it, else make it again")


def test_restored_data_that_does_not_answer_is_told_and_a_room_without_a_question_is_not_asked(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = {"name": "page", "kind": "page", "data": {"host_path": str(host.data)}, "room": {}}
    (host.root / "current/deployment.json").write_text(json.dumps({"services": [page]}))
    assert list(afterwards.unanswered(host.root, ["page"], QUIET)) == []

    def silent(*_: Any) -> Any:
        raise AgentError("search does not find the document f1", "rebuild its index")

    monkeypatch.setattr(afterwards, "has_operation", lambda *_: True)
    monkeypatch.setattr(afterwards, "call_room", silent)
    expected = ["search does not find the document f1; rebuild its index"]
    assert list(afterwards.unanswered(host.root, ["page", "gone"], QUIET)) == expected


def test_an_index_that_a_restored_application_made_anew_is_told(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"name": "page", "kind": "page", "data": {"host_path": str(host.data)}, "room": {}}
    (host.root / "current/deployment.json").write_text(json.dumps({"services": [page]}))
    monkeypatch.setattr(afterwards, "has_operation", lambda *_: True)
    monkeypatch.setattr(afterwards, "call_room", lambda *_: {"rebuilt": ["search does not find 2 of 3 chunks"]})
    expected = ["search does not find 2 of 3 chunks; page has made its index anew"]
    assert list(afterwards.unanswered(host.root, ["page"], QUIET)) == expected
