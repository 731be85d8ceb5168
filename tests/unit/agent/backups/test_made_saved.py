"""Models that somebody made, in a backup without a word in kit.yaml: what no library has, and where it finds room."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from deploy.agent.backups import weights
from deploy.agent.contract.backup_runs import troubles
from deploy.agent.data import copy
from deploy.agent.inputs import disk
from deploy.agent.protocols.doors.making import Stored
from deploy.agent.stack.backup_memory import observe
from tests.unit.agent.backups.conftest import Host, Restore
from tests.unit.agent.backups.model_store import BASE, MINE, Store, parts_of, saved_names


@pytest.fixture
def store(host: Host, tmp_path: Path) -> Store:
    return Store(host, tmp_path / "models")


def test_a_release_without_the_key_names_models_alone(host: Host, store: Store) -> None:
    store.ask(None)
    assert host.back_up()["unlocked"] == {"main": ["mine"]}
    assert "data/main" not in parts_of(host)
    assert "weights" not in host.listed("latest")["statement"]


def test_a_model_that_somebody_made_comes_back_without_the_layers_of_a_library(
    host: Host, store: Store, put_back: Restore, calls: list[str]
) -> None:
    store.ask("own")
    assert "unlocked" not in host.back_up()
    statement = host.listed("latest")["statement"]
    assert (statement["weights"], statement["unlocked"]) == ({"main": ["mine"]}, {})
    (origins,) = statement["bases"]["main"].values()
    assert list(origins) == ["llama3.2:3b"]
    assert saved_names(host) == {store.path(MINE).name}
    before = store.files
    store.remove("mine/latest", MINE)
    answer = put_back(only=["main"])
    assert (answer["parts"], answer["notes"], store.files) == (["main"], [], before)
    assert calls == [], "no service stops for models"


def test_a_restore_names_the_model_of_a_library_that_a_made_one_waits_for(
    host: Host, store: Store, put_back: Restore
) -> None:
    store.ask("own")
    host.back_up()
    before = store.files
    store.lose()
    lacking, waiting = put_back(only=["main"])["notes"]
    assert lacking.startswith("the model llama3.2:3b of main ")
    assert waiting.startswith("the model mine of main answers once its library's model is here: llama3.2:3b (")
    assert store.files == {name: content for name, content in before.items() if content != BASE and "3b" not in name}
    store.put("llama3.2/3b", BASE)
    assert (store.files, put_back(only=["main"])["notes"]) == (before, [])


def test_a_layer_whose_librarys_model_is_gone_or_another_one_is_saved(host: Host, store: Store) -> None:
    store.ask("own")
    store.put("llama3.2/3b", b"the library has moved the tag")
    host.back_up()
    assert saved_names(host) == {store.path(MINE).name, store.path(BASE).name}
    store.remove("llama3.2/3b")
    host.back_up()
    assert saved_names(host) == {store.path(MINE).name, store.path(BASE).name}
    assert "bases" not in host.listed("latest")["statement"]


def test_a_base_that_is_pulled_anew_while_models_are_copied_is_a_change_for_the_next_look(
    host: Host, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ask("own")
    with monkeypatch.context() as meanwhile:

        def ensure_whole(_taking: weights._Taking, _model: Stored) -> None:
            store.put("llama3.2/3b", b"the library has moved the tag")

        meanwhile.setattr(weights._Taking, "_ensure_whole", ensure_whole)
        host.back_up()
    assert saved_names(host) == {store.path(MINE).name}
    assert host.back_up(watch_seconds=0.001)["changed"]
    assert saved_names(host) == {store.path(MINE).name, store.path(BASE).name}


def test_a_model_that_was_pulled_by_hand_is_named_alone(host: Host, store: Store) -> None:
    store.ask("own")
    store.put("qwen3/8b", b"weights of another library's model")
    assert host.back_up()["unlocked"] == {"main": ["qwen3:8b"]}
    statement = host.listed("latest")["statement"]
    assert statement["weights"] == {"main": ["mine"]}
    assert json.loads(host.restic("dump", "latest", "/configs/models.json"))["main"]["qwen3:8b"]
    store.remove("mine/latest", MINE)
    host.back_up()
    assert "data/main" not in parts_of(host)


def test_weights_without_room_keep_nothing_else_from_the_backup(
    host: Host, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ask("own")
    large = b"weights of a large model" * 100
    store.make("large/latest", large)
    monkeypatch.setattr(copy, "ensure_room", lambda *_: None)
    monkeypatch.setattr(disk, "free_bytes", lambda _path: 2000)
    answer = host.back_up()
    (reason,) = answer["unsaved"]["main"].values()
    assert list(answer["unsaved"]["main"]) == ["large"]
    assert reason.startswith("not enough disk at ")
    assert {"data/main", "data/page"} <= set(parts_of(host))
    assert saved_names(host) == {store.path(MINE).name}
    (trouble,) = [words for about, words in troubles(observe(host.root), time.time()) if about == "weights"]
    assert "large of main (not enough disk at " in trouble
    assert host.listed("latest")["statement"]["unlocked"] == {"main": ["large"]}

    monkeypatch.setattr(disk, "free_bytes", lambda _path: 10**6)
    assert "unsaved" not in host.back_up()
    assert saved_names(host) == {store.path(MINE).name, store.path(large).name}
    assert not [words for about, words in troubles(observe(host.root), time.time()) if about == "weights"]
    monkeypatch.setattr(disk, "free_bytes", lambda _path: 1)
    assert "unsaved" not in host.back_up(), "what the repository has needs no room again"


def test_weights_that_are_rotten_on_the_engine_are_told_and_not_saved_as_good(host: Host, store: Store) -> None:
    store.ask("own")
    store.path(MINE).write_bytes(bytes(len(MINE)))
    answer = host.back_up()
    assert "has another checksum than its name" in answer["unsaved"]["main"]["mine"]
    assert "data/main" not in parts_of(host)
    store.path(MINE).write_bytes(MINE)
    assert "unsaved" not in host.back_up()


def test_a_model_that_is_not_whole_is_told_as_one_that_no_backup_has(host: Host, store: Store) -> None:
    store.ask("own")
    store.path(MINE).write_bytes(b"cut")
    answer = host.back_up()
    assert answer["unlocked"] == {"main": ["mine"]}
    assert answer["unsaved"]["main"]["mine"].endswith(f"has 3 of {len(MINE)} bytes")
    store.path(MINE).unlink()
    store.path(MINE).symlink_to("/etc/shadow")
    assert host.back_up()["unsaved"]["main"]["mine"]
    store.path(MINE).unlink()
    elsewhere = store.folder / "elsewhere"
    elsewhere.write_bytes(MINE)
    store.path(MINE).symlink_to(elsewhere)
    assert host.back_up()["unsaved"]["main"]["mine"].endswith("is a link to another file")
