"""A writer of a live database as Open WebUI has it: WAL mode, a commit for each row."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.agent.backups.copies import take_copies
from deploy.agent.backups.work import released_backup
from tests.unit.agent.backups.conftest import QUIET, Host, said


@dataclass
class Written:
    """The rows that a writer has committed; row N says N."""

    rows: int = 0


@contextmanager
def writing(database: Path, a_second: int) -> Iterator[Written]:
    """Commit so many rows a second until the block ends."""
    stop, written = threading.Event(), Written()

    def write() -> None:
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            connection.execute("pragma synchronous=normal")
            begun = time.monotonic()
            while not stop.wait(max(0.0, begun + written.rows / a_second - time.monotonic())):
                with connection:
                    connection.execute("insert into said values (?)", (str(written.rows + 1),))
                written.rows += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield written
    finally:
        stop.set()
        writer.join()


def copied(host: Host) -> Path:
    """Take the copies of a backup, as it takes them, and return that of the database."""
    folder = take_copies(host.root, released_backup(host.root), QUIET)
    return folder / "data/page/data/webui.db"


def holds(database: Path, before: int) -> bool:
    """Return True if a database is whole, lacks no row in between, and has the rows that were committed before."""
    try:
        rows = said(database)
    except (sqlite3.DatabaseError, AssertionError):
        return False
    return rows == ["first", *map(str, range(1, len(rows)))] and len(rows) > before
