"""The search index beside the vector store's database: files that are lost without a word where one is missing.

The store (chroma 1.5.9: rust/segment/src/local_hnsw.rs, rust/log/src/local_compaction_manager.rs) keeps the vectors of
a collection in a queue in its database. Each 1,000 of them it writes all to the files of a folder, notes the number of
the last one in `max_seq_id`, and empties the queue up to it: from then on only the files have these vectors. Without
its folder, or without `index_metadata.pickle`, the store begins an empty index and fills it with what the queue still
has. Without another one of the files it finds nothing at all.
"""

from __future__ import annotations

import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from deploy.components.open_webui.agent.stored import connect

STORE = "vector_db"
DATABASE = f"{STORE}/chroma.sqlite3"
CONTENTS = "index_metadata.pickle"
HEADER, VECTORS, LENGTHS = "header.bin", "data_level0.bin", "length.bin"
FILES = (CONTENTS, HEADER, VECTORS, LENGTHS, "link_lists.bin")
HEADER_LAYOUT = struct.Struct("<i4Q")
"""Begin of a header: its version, an offset, the most vectors, the vectors, the bytes of one."""
HEADER_VERSION, LENGTH_BYTES = 1, 4
AGAIN_SECONDS = 1.0
"""Wait before a second look: the store writes its files one after another, and a document may just be removed."""
# Chunks of each collection up to the last one that the files have, and those of them that the queue still has.
_WRITTEN = """
SELECT vectors.id, collections.name,
    (SELECT count(*) FROM embeddings WHERE segment_id = texts.id),
    (SELECT count(*) FROM embeddings WHERE segment_id = texts.id AND seq_id <= written.seq_id),
    (SELECT count(*) FROM embeddings JOIN embeddings_queue USING (seq_id)
        WHERE segment_id = texts.id AND seq_id <= written.seq_id)
FROM collections
JOIN segments AS vectors ON vectors.collection = collections.id AND vectors.scope = 'VECTOR'
JOIN segments AS texts ON texts.collection = collections.id AND texts.scope = 'METADATA'
JOIN max_seq_id AS written ON written.segment_id = vectors.id
ORDER BY collections.name
"""
_PASSING = "web-search-"
"""Collections of one search of the web each: nobody can make one anew, and nobody looks for one later."""


class Lost(NamedTuple):
    """A collection with chunks that search does not find."""

    folder: str
    collection: str
    number: int
    of: int
    cause: str


def lost_of(data: Path) -> list[Lost]:
    """Return the collections whose index lacks chunks, by the files alone; what the store just writes is no loss."""
    first = list(_lost(data))
    if not first:
        return []
    time.sleep(AGAIN_SECONDS)
    before = {each.folder for each in first}
    return [each for each in _lost(data) if each.folder in before]


def _lost(data: Path) -> Iterator[Lost]:
    database = data / DATABASE
    if not database.exists():
        return
    with closing(connect(database)) as connection:
        try:
            rows = connection.execute(_WRITTEN).fetchall()
        except sqlite3.OperationalError:
            # Another release of the store, or one without any collection yet: nothing is known of its files.
            return
    for folder, collection, chunks, written, queued in rows:
        if written == 0 or collection.startswith(_PASSING):
            continue
        number, cause = _missing(data / STORE / folder, chunks, written, queued)
        if number > 0:
            yield Lost(folder, collection, number, chunks, f"{data / STORE / folder} {cause}")


def _missing(folder: Path, chunks: int, written: int, queued: int) -> tuple[int, str]:
    """Return the number of chunks that a folder's files lack, and the cause."""
    if not folder.is_dir():
        return written - queued, "is missing"
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        # The store reads no other file before this one is there, and cannot read one alone.
        return (written - queued if CONTENTS in missing else chunks), f"lacks {' and '.join(missing)}"
    version, _, _, vectors, size = _header(folder / HEADER)
    if version != HEADER_VERSION:
        return (chunks, f"has a broken {HEADER}") if version == 0 else (0, "")
    least = {VECTORS: vectors * size, LENGTHS: vectors * LENGTH_BYTES}
    short = [name for name, length in least.items() if _size(folder / name) < length]
    if short or not _is_closed(folder / CONTENTS):
        return chunks, f"has a {' and a '.join(short or [CONTENTS])} that is cut off"
    # A removed chunk keeps its place: there are never fewer places than chunks.
    return written - vectors, f"has {vectors} of {written}"


def _header(path: Path) -> tuple[int, ...]:
    begin = path.read_bytes()[: HEADER_LAYOUT.size]
    return HEADER_LAYOUT.unpack(begin.ljust(HEADER_LAYOUT.size, b"\0")) if begin else (0,) * 5


def _size(path: Path) -> int:
    return path.stat().st_size


def _is_closed(path: Path) -> bool:
    """True if a pickle has its last byte. It is not loaded: what a container wrote could run programs here."""
    with path.open("rb") as file:
        file.seek(max(0, _size(path) - 1))
        return file.read() == b"."
