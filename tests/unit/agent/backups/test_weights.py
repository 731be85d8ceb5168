"""Weights in a backup, with the real restic: they come back to an engine that lost its models."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups import brought_back, space, weights
from deploy.agent.data.trees import copied_digest
from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import Need
from tests.unit.agent.backups.conftest import Host, Restore, said
from tests.unit.agent.backups.model_store import BASE, MINE, Store, parts_of


@pytest.fixture
def store(host: Host, tmp_path: Path) -> Store:
    return Store(host, tmp_path / "models")


def test_all_models_come_back_with_the_owner_of_their_folder(host: Host, store: Store, put_back: Restore) -> None:
    store.ask("all")
    host.back_up()
    before = store.files
    store.lose()
    os.chown(store.folder, 10104, 10104)
    answer = put_back()
    assert (store.files, answer["notes"]) == (before, [])
    assert "main" in answer["parts"]
    assert {path.stat().st_uid for path in store.folder.rglob("*")} == {10104}
    assert put_back(only=["main"])["parts"] == [], "nothing is lacking any more"


def test_a_model_of_that_name_that_somebody_made_since_stays(host: Host, store: Store, put_back: Restore) -> None:
    store.ask("own")
    host.back_up()
    store.make("mine/latest", b"another one")
    before = store.files
    answer = put_back(only=["main"])
    assert (store.files, answer["parts"]) == (before, [])
    assert "is another one here" in answer["notes"][0]


def test_a_model_that_lost_a_layer_gets_this_layer_alone(host: Host, store: Store, put_back: Restore) -> None:
    store.ask("own")
    host.back_up()
    before, inode = store.files, store.path(BASE).stat().st_ino
    store.path(MINE).unlink()
    assert put_back(only=["main"])["parts"] == ["main"]
    assert (store.files, store.path(BASE).stat().st_ino) == (before, inode)


def test_a_layer_that_has_rotted_on_the_engine_is_replaced(host: Host, store: Store, put_back: Restore) -> None:
    store.ask("own")
    host.back_up()
    before = store.files
    store.path(MINE).write_bytes(bytes(len(MINE)))
    assert put_back(only=["main"])["parts"] == ["main"]
    assert store.files == before
    assert put_back(only=["main"])["parts"] == []


def test_weights_take_no_space_twice_and_are_read_once(
    host: Host, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ask("all")
    read: list[Path] = []

    def reading(path: Path) -> str:
        read.append(path)
        return copied_digest(path)

    monkeypatch.setattr(weights, "copied_digest", reading)
    host.back_up()
    copies = host.root / "backup/copies/data/main/data/blobs"
    assert {path.stat().st_ino for path in copies.iterdir()} == {
        store.path(each).stat().st_ino for each in (MINE, BASE)
    }
    assert len(read) == 2
    host.back_up()
    assert len(read) == 2
    store.ask(None)
    host.back_up()
    assert not copies.exists()


def test_weights_on_another_file_system_are_copied(host: Host, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    store.ask("own")
    host.back_up()
    assert parts_of(host)["data/main"] == 3, "a layer, the model's manifest, and the list of them"
    copy = host.root / "backup/copies/data/main/data/blobs" / store.path(MINE).name
    assert (copy.read_bytes(), copy.stat().st_ino == store.path(MINE).stat().st_ino) == (MINE, False)


def test_a_model_that_somebody_makes_is_a_change_for_the_next_look(host: Host, store: Store) -> None:
    store.ask("own")
    host.back_up()
    assert not host.back_up(watch_seconds=0.001)["changed"]
    store.make("yours/latest", b"more weights")
    assert host.back_up(watch_seconds=0.001)["changed"]
    assert host.listed("latest")["statement"]["weights"] == {"main": ["mine", "yours"]}


def test_weights_that_are_damaged_in_the_repository_change_no_model(
    host: Host, store: Store, put_back: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ask("own")
    host.back_up()
    store.lose()
    monkeypatch.setattr(brought_back, "copied_digest", lambda _: "0" * 64)
    with pytest.raises(AgentError, match="is damaged in the backup") as failure:
        put_back(only=["main"])
    assert failure.value.next_step.endswith("these models alone: --only main")
    assert store.files == {}


def test_a_restore_that_ends_at_one_engine_names_the_engines_behind_it_too(
    host: Host, store: Store, put_back: Restore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ask("own")
    second = Store(host, tmp_path / "more")
    released = host.root / "current/backup.json"
    document = json.loads(released.read_text())
    document["stores"].append({"service": "second", "models_dir": str(second.folder), "protocol": "ollama"})
    released.write_text(json.dumps(document))
    host.back_up()
    store.lose()
    second.lose()
    monkeypatch.setattr(brought_back, "copied_digest", lambda _: "0" * 64)
    with pytest.raises(AgentError, match="is damaged in the backup") as failure:
        put_back()
    _, alone, *before = failure.value.next_step.splitlines()
    assert alone.endswith("these models alone: --only main --only second")
    assert before[0].startswith(f"what was there before: {host.data}/")


def test_a_disk_without_room_for_weights_leaves_the_rest_restored_and_says_so(
    host: Host, store: Store, put_back: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ask("own")
    host.back_up()
    store.lose()
    host.say("later")

    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device", str(store.folder))

    monkeypatch.setattr(brought_back, "_place", refuse)
    with pytest.raises(AgentError) as failure:
        put_back()
    assert str(store.folder) in failure.value.problem
    assert "all else is restored; these models alone: --only main" in failure.value.next_step


def test_a_disk_that_filled_up_behind_the_first_check_is_not_told_as_a_restore_that_changed_nothing(
    host: Host, store: Store, put_back: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ask("own")
    host.back_up()
    store.lose()
    host.say("later")

    def ensure_space(needs: list[Need]) -> None:
        monkeypatch.setattr(space, "SPARE", 2**62)
        space.ensure_space(needs)

    monkeypatch.setattr(brought_back, "ensure_space", ensure_space)
    with pytest.raises(AgentError) as failure:
        put_back()
    assert said(host.database) == ["first"]
    step, rest, *_ = failure.value.next_step.splitlines()
    assert step.endswith(" there; no model of main was changed")
    assert rest == "all else is restored; these models alone: --only main"


def test_a_folder_of_their_own_gets_the_weights_that_are_named(
    host: Host, store: Store, put_back: Restore, tmp_path: Path
) -> None:
    store.ask("own")
    host.back_up()
    put_back(to=str(tmp_path / "look"), only=["main"])
    assert (tmp_path / "look/data/main/data/blobs" / store.path(MINE).name).read_bytes() == MINE
    assert not (tmp_path / "look/data/page").exists()
