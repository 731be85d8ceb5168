"""Databases of copies: their integrity, and the number of rows of each table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from deploy.agent.errors import AgentError
from deploy.agent.line import Line

if TYPE_CHECKING:
    from deploy.agent.contract.jobs import DataItem

# A virtual table may need a module that this Python's SQLite lacks; its rows are in plain tables as well.
_TABLES = """
SELECT name FROM sqlite_master
WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%'
"""


def rows_of(copy: Path, items: list[DataItem]) -> dict[str, dict[str, int]]:
    """Return for each database of a copy its number of rows by table."""
    return {path: _counted(copy / path) for path in _databases(copy, items)}


def ensure_whole(copy: Path, items: list[DataItem]) -> None:
    """Raise AgentError for a database of a copy that SQLite finds damaged."""
    for path in _databases(copy, items):
        with _opened(copy / path) as connection:
            said = [str(words) for (words,) in connection.execute("PRAGMA integrity_check(5)")]
        if said != ["ok"]:
            raise damaged(path, "; ".join(said))


def damaged(path: str, words: str) -> AgentError:
    """Return the error of a database that was backed up, but does not come back as it was."""
    return AgentError(f"the database {path} of the backup is damaged: {words}", f"older ones: {Line('backup', 'list')}")


def _databases(copy: Path, items: list[DataItem]) -> list[str]:
    return sorted(item["sqlite"] for item in items if "sqlite" in item and (copy / item["sqlite"]).exists())


def _counted(database: Path) -> dict[str, int]:
    with _opened(database) as connection:
        tables = sorted(str(name) for (name,) in connection.execute(_TABLES))
        return {table: _number(connection, table) for table in tables}


def _number(connection: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    # A table's name cannot be a parameter; it is the database's own, and quoted.
    (number,) = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()  # noqa: S608
    return int(number)


@contextmanager
def _opened(database: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy for reading, without a log beside it."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro&immutable=1", uri=True)) as connection:
            yield connection
    except sqlite3.Error as problem:
        raise damaged(database.name, str(problem)) from problem
