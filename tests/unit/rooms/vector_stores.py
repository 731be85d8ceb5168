"""A vector store as chroma 1.5.9 leaves it on disk: its tables, and files of the sizes that it writes."""

from __future__ import annotations

import pickle
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE collections (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE segments (id TEXT PRIMARY KEY, type TEXT NOT NULL, scope TEXT NOT NULL, collection TEXT NOT NULL);
CREATE TABLE max_seq_id (segment_id TEXT PRIMARY KEY, seq_id INTEGER);
CREATE TABLE embeddings (id INTEGER PRIMARY KEY, segment_id TEXT, embedding_id TEXT, seq_id BLOB NOT NULL);
CREATE TABLE embeddings_queue (seq_id INTEGER PRIMARY KEY, topic TEXT, id TEXT);
"""
HEADER_END = bytes.fromhex(
    "900000000000000084000000000000000000000010000000000000002000000000000000"
    "1000000000000000fe822b654715d73f6400000000000000"
)
"""End of a header of vectors with three numbers each, as recorded."""
MOST, BYTES = 100, 152


class VectorStore:
    """Collections whose chunks are numbered through, as the store's queue numbers them."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "vector_db"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database = self.folder / "chroma.sqlite3"
        with self.open() as connection:
            connection.executescript(SCHEMA)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Open the database and commit."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            yield connection

    def add(self, collection: str, chunks: int, written: int) -> Path:
        """Add a collection of which the first chunks are in files, and return their folder."""
        folder = self.folder / f"vectors-{collection}"
        with self.open() as connection:
            (last,) = connection.execute("SELECT coalesce(max(seq_id), 0) FROM embeddings").fetchone()
            connection.execute("INSERT INTO collections VALUES (?, ?)", (f"id-{collection}", collection))
            for kind, scope in (("vectors", "VECTOR"), ("texts", "METADATA")):
                segment = (f"{kind}-{collection}", "urn:chroma", scope, f"id-{collection}")
                connection.execute("INSERT INTO segments VALUES (?, ?, ?, ?)", segment)
            connection.execute("INSERT INTO max_seq_id VALUES (?, ?)", (f"texts-{collection}", last + chunks))
            for number in range(last + 1, last + chunks + 1):
                chunk = (f"texts-{collection}", f"chunk-{number}", number)
                connection.execute("INSERT INTO embeddings (segment_id, embedding_id, seq_id) VALUES (?, ?, ?)", chunk)
                if number > last + written:
                    connection.execute("INSERT INTO embeddings_queue VALUES (?, 't', ?)", (number, f"chunk-{number}"))
            if written:
                connection.execute("INSERT INTO max_seq_id VALUES (?, ?)", (f"vectors-{collection}", last + written))
        # The store makes the folder with the first chunk, and the list of its contents with the first write.
        write_index(folder, written)
        if not written:
            (folder / "index_metadata.pickle").unlink()
        return folder

    def remove(self, collection: str) -> None:
        """Remove a collection with its rows; its folder stays."""
        with self.open() as connection:
            for kind in ("vectors", "texts"):
                segment = (f"{kind}-{collection}",)
                connection.execute("DELETE FROM max_seq_id WHERE segment_id = ?", segment)
                connection.execute("DELETE FROM embeddings WHERE segment_id = ?", segment)
                connection.execute("DELETE FROM segments WHERE id = ?", segment)
            connection.execute("DELETE FROM collections WHERE name = ?", (collection,))


def write_index(folder: Path, vectors: int) -> None:
    """Write the files of an index with a number of vectors."""
    folder.mkdir(exist_ok=True)
    (folder / "header.bin").write_bytes(struct.pack("<i4Q", 1, 0, MOST, vectors, BYTES) + HEADER_END)
    (folder / "data_level0.bin").write_bytes(bytes(MOST * BYTES))
    (folder / "length.bin").write_bytes(bytes(MOST * 4))
    (folder / "link_lists.bin").write_bytes(b"")
    contents = {"id_to_label": {f"chunk-{number}": number for number in range(1, vectors + 1)}}
    (folder / "index_metadata.pickle").write_bytes(pickle.dumps(contents, 3))
