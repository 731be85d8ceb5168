"""A search index that lost files is noticed by the files alone."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.data import indexes
from deploy.components.open_webui.agent import index, vector_store
from deploy.components.open_webui.agent.stored import connect
from deploy.components.open_webui.agent.vector_store import FILES, lost_of
from tests.unit.rooms.vector_stores import VectorStore, write_index


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_store, "AGAIN_SECONDS", 0.0)


@pytest.fixture
def store(tmp_path: Path) -> VectorStore:
    """A knowledge base whose index has 20 of 25 chunks in files, and a document that has none there yet."""
    made = VectorStore(tmp_path)
    made.add("base", 25, 20)
    made.add("file-young", 7, 0)
    return made


def lost(store: VectorStore) -> list[tuple[str, int, int]]:
    return [(each.collection, each.number, each.of) for each in lost_of(store.folder.parent)]


def test_a_whole_index_and_one_that_is_not_written_yet_lack_nothing(store: VectorStore) -> None:
    assert lost(store) == []
    shutil.rmtree(store.folder / "vectors-file-young")
    assert lost(store) == []


def test_without_its_folder_only_the_chunks_of_the_queue_are_found(store: VectorStore) -> None:
    shutil.rmtree(store.folder / "vectors-base")
    assert lost(store) == [("base", 20, 25)]
    (told,) = lost_of(store.folder.parent)
    assert told.cause == f"{store.folder}/vectors-base is missing"


@pytest.mark.parametrize("name", FILES)
def test_each_missing_file_is_told_with_what_it_keeps_from_search(store: VectorStore, name: str) -> None:
    (store.folder / "vectors-base" / name).unlink()
    assert lost(store) == [("base", 20 if name == "index_metadata.pickle" else 25, 25)]
    assert lost_of(store.folder.parent)[0].cause.endswith(f"vectors-base lacks {name}")


@pytest.mark.parametrize(
    ("name", "size"), [("data_level0.bin", 20 * 152 - 1), ("length.bin", 79), ("index_metadata.pickle", 60)]
)
def test_a_file_that_is_cut_off_is_told(store: VectorStore, name: str, size: int) -> None:
    path = store.folder / "vectors-base" / name
    path.write_bytes(path.read_bytes()[:size])
    assert lost(store) == [("base", 25, 25)]
    assert lost_of(store.folder.parent)[0].cause.endswith(f"has a {name} that is cut off")


def test_an_empty_header_is_told_and_one_of_another_layout_is_not_judged(store: VectorStore) -> None:
    path = store.folder / "vectors-base/header.bin"
    path.write_bytes(b"\2" + path.read_bytes()[1:])
    assert lost(store) == []
    path.write_bytes(b"")
    assert lost(store) == [("base", 25, 25)]


def test_an_index_that_was_begun_anew_and_written_again_still_lacks_the_older_chunks(store: VectorStore) -> None:
    write_index(store.folder / "vectors-base", 6)
    assert lost(store) == [("base", 14, 25)]


def test_places_of_removed_chunks_stay_in_the_index_and_are_no_loss(store: VectorStore) -> None:
    with store.open() as connection:
        connection.execute("DELETE FROM embeddings WHERE segment_id = 'texts-base' AND seq_id <= 9")
    assert lost(store) == []
    shutil.rmtree(store.folder / "vectors-base")
    assert lost(store) == [("base", 11, 16)]
    with store.open() as connection:
        connection.execute("DELETE FROM embeddings WHERE segment_id = 'texts-base' AND seq_id <= 20")
    assert lost(store) == []


def test_a_collection_that_is_removed_between_two_looks_is_no_loss(
    store: VectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add("going", 12, 10)
    shutil.rmtree(store.folder / "vectors-going")
    monkeypatch.setattr("time.sleep", lambda _: store.remove("going"))
    assert lost(store) == []


def test_an_index_that_is_just_written_is_no_loss(store: VectorStore, monkeypatch: pytest.MonkeyPatch) -> None:
    pickled = store.folder / "vectors-base/index_metadata.pickle"
    whole = pickled.read_bytes()
    pickled.write_bytes(b"")
    monkeypatch.setattr("time.sleep", lambda _: pickled.write_bytes(whole))
    assert lost(store) == []


def test_what_one_search_of_the_web_left_is_not_told(store: VectorStore) -> None:
    store.add("web-search-ann-1", 12, 10)
    shutil.rmtree(store.folder / "vectors-web-search-ann-1")
    assert lost(store) == []


def test_data_without_a_store_and_a_store_of_another_release_are_not_judged(tmp_path: Path) -> None:
    assert lost_of(tmp_path) == []
    (tmp_path / "vector_db").mkdir()
    with closing(sqlite3.connect(tmp_path / "vector_db/chroma.sqlite3")) as connection:
        connection.execute("CREATE TABLE collections (id TEXT, name TEXT)")
    assert lost_of(tmp_path) == []


def test_the_loss_is_told_by_the_names_that_people_know(store: VectorStore) -> None:
    data = store.folder.parent
    store.add("file-f1", 3, 2)
    store.add("user-memory-ann", 3, 2)
    store.add("0badc0ffee", 3, 2)
    for folder in store.folder.glob("vectors-*"):
        shutil.rmtree(folder)
    with closing(sqlite3.connect(data / "webui.db")) as database, database:
        database.executescript(
            "CREATE TABLE knowledge (id TEXT, name TEXT); CREATE TABLE file (id TEXT, filename TEXT);"
            "INSERT INTO knowledge VALUES ('base', 'Recipes'); INSERT INTO file VALUES ('f1', 'stairs.txt');"
        )
    told = index({"path": str(data)}, "")
    words = [line.partition(": ")[0] for line in told["lost"]]
    assert words == [
        "search does not find 2 of 3 chunks of the collection 0badc0ffee",
        "search does not find 20 of 25 chunks of the knowledge base Recipes",
        "search does not find 2 of 3 chunks of the document stairs.txt",
        "search does not find 2 of 3 chunks of a person's memories",
    ]
    assert "Reindex Embedding Data" in told["next"]
    for number in range(3):
        store.add(f"file-{number}", 3, 2)
        shutil.rmtree(store.folder / f"vectors-file-{number}")
    assert index({"path": str(data)}, "")["lost"][4:] == ["search lacks chunks of 3 more collections"]


def test_a_broken_database_of_the_store_is_told_with_the_backup(store: VectorStore) -> None:
    store.database.write_bytes(store.database.read_bytes()[:4096] + b"\0" * 8192)
    told = index({"path": str(store.folder.parent)}, "")
    assert told["lost"][0].startswith(f"search does not work: cannot read {store.database}: ")
    assert "backup restore latest" in told["next"]


def test_a_store_without_a_log_is_read_as_it_was_before_a_write_that_goes_on(store: VectorStore) -> None:
    store.add("large", 4000, 0)
    ready, go = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(store.database, isolation_level=None)) as connection:
            connection.execute("PRAGMA cache_size = 1")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("DELETE FROM embeddings")
            ready.set()
            go.wait(10)
            connection.execute("ROLLBACK")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert ready.wait(10)
        threading.Timer(0.3, go.set).start()
        with closing(connect(store.database)) as connection:
            assert connection.execute("SELECT count(*) FROM embeddings").fetchone() == (4032,)
    finally:
        go.set()
        writer.join()


def test_each_service_of_the_release_with_an_index_is_looked_at(store: VectorStore, tmp_path: Path) -> None:
    data, root = store.folder.parent, tmp_path / "opt"
    services: list[dict[str, Any]] = [
        {"name": "page", "kind": "open_webui", "data": {"host_path": str(data)}},
        {"name": "gateway", "kind": "litellm", "data": {"host_path": str(data)}},
        {"name": "main", "kind": "ollama"},
    ]
    (root / "current").mkdir(parents=True)
    assert indexes.observe(root) == {}
    (root / "current/deployment.json").write_text(json.dumps({"services": services}))
    assert {name: seen["lost"] for name, seen in indexes.observe(root).items()} == {"page": []}
    shutil.rmtree(store.folder / "vectors-base")
    assert len(indexes.observe(root)["page"]["lost"]) == 1
