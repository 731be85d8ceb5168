"""A search index that lost the files of a document, as a failing disk or a person leaves it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.e2e.stack import Stack

_SEGMENTS = """
SELECT segments.scope, segments.id, collections.id FROM segments
JOIN collections ON collections.id = segments.collection WHERE collections.name = ?
"""
_WRITTEN = "INSERT INTO max_seq_id (segment_id, seq_id) SELECT ?, seq_id FROM max_seq_id WHERE segment_id = ?"
_TAKEN = "DELETE FROM embeddings_queue WHERE topic LIKE '%' || ?"


def lose_index_of(stack: Stack, document: str) -> Path:
    """Leave a document's vectors as the store does at the 1,000th one, and remove the files; return their folder.

    The store has then taken the vectors out of its queue, and notes up to where the files have them.
    """
    folder = Path(stack.decided("open_webui")["data"]["host_path"]) / "vector_db"
    with closing(sqlite3.connect(folder / "chroma.sqlite3", timeout=30)) as connection, connection:
        rows = connection.execute(_SEGMENTS, (f"file-{document}",)).fetchall()
        segments, (collection,) = {scope: segment for scope, segment, _ in rows}, {row[2] for row in rows}
        connection.execute(_WRITTEN, (segments["VECTOR"], segments["METADATA"]))
        assert connection.execute(_TAKEN, (collection,)).rowcount > 0
    files = folder / str(segments["VECTOR"])
    shutil.rmtree(files)
    return files


def ensure_told(stack: Stack, name: str, files: Path) -> None:
    """Let status name the document and the folder, and verify turn red with the next step."""
    (told,) = stack.kit("status", "--json").here["indexes"]["open_webui"]["lost"]
    assert f"of the document {name}: {files} is missing" in told
    report = stack.kit("verify", "open_webui", "--json", code=1).here
    (red,) = [check for check in report["checks"] if check["outcome"] == "failed"]
    assert red["message"].startswith(told)
    assert "Reindex Embedding Data" in red["message"]


def ensure_whole(stack: Stack) -> None:
    """Let status tell no loss."""
    assert stack.kit("status", "--json").here["indexes"]["open_webui"]["lost"] == []
