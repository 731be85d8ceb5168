"""Words for what a lost index keeps from search, by the names that people know."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from deploy.components.open_webui.agent.stored import connect
from deploy.components.open_webui.agent.vector_store import Lost

OF_FILE, OF_MEMORIES, OF_BASES = "file-", "user-memory-", "knowledge-bases"
"""Collections of the application that are not a knowledge base's."""
MOST_TOLD = 4
_BASES, _FILES = "SELECT id, name FROM knowledge", "SELECT id, filename FROM file"
MEND = (
    "as an administrator of the page, open Admin Panel, Settings, Documents, and click Reindex Embedding Data; "
    "upload a document of a chat again"
)
"""Way to a new index: the application makes one of the documents' texts in its database."""


def lacks(data: Path, lost: Sequence[Lost]) -> list[str]:
    """Return the chunks that search does not find, a line for each collection; the last line counts further ones."""
    if not lost:
        return []
    named = _names(data / "webui.db")
    lines = [
        f"search does not find {each.number} of {each.of} chunks of {_words(each.collection, named)}: {each.cause}"
        for each in lost
    ]
    if len(lines) <= MOST_TOLD + 1:
        return lines
    return [*lines[:MOST_TOLD], f"search lacks chunks of {len(lines) - MOST_TOLD} more collections"]


def _words(collection: str, named: dict[str, str]) -> str:
    if collection.startswith(OF_MEMORIES):
        return "a person's memories"
    if collection == OF_BASES:
        return "the descriptions of knowledge bases"
    return named.get(collection, f"the collection {collection}")


def _names(database: Path) -> dict[str, str]:
    """Return words for each knowledge base and document by the name of its collection."""
    try:
        with closing(connect(database)) as connection:
            bases, files = connection.execute(_BASES).fetchall(), connection.execute(_FILES).fetchall()
    except (OSError, sqlite3.Error):
        # Its collections are told by their own names.
        return {}
    documents = {f"{OF_FILE}{file}": f"the document {name}" for file, name in files}
    return documents | {str(base): f"the knowledge base {name}" for base, name in bases}
