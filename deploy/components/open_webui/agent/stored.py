"""The content of Open WebUI's database, read while the application may be writing it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploy.agent.errors import AgentError
from deploy.agent.line import Line

_SETTINGS = "SELECT key, CAST(value AS TEXT) FROM config WHERE value IS NOT NULL"
_ACCOUNTS = 'SELECT id, lower(email) FROM "user" ORDER BY rowid'
_NEWEST_CHAT = "SELECT max(updated_at) FROM chat"
WAIT_SECONDS = 5.0
WRITE_VERSION = 18
"""Place of the byte in a database's header that says how it is written: 1 with a rollback journal, 2 with a log."""
KNOWN_IDS = 50
"""Number of accounts that identify a database; the oldest are in every copy of it."""
_NEWEST_ACCOUNT = 'SELECT max(max(coalesce(created_at, 0), coalesce(last_active_at, 0))) FROM "user"'


class Stored:
    """Content of the application's database; empty if it was never started."""

    def __init__(self, database: Path) -> None:
        self.settings: dict[str, Any] = {}
        self.accounts: dict[str, str] = {}
        """Emails by account id, oldest first; every copy of the database shares the ids."""
        self.last_used = 0
        """Time of the last activity; 0 if unknown."""
        self.exists = database.exists()
        if self.exists:
            with closing(connect(database)) as connection:
                self.settings = {key: json.loads(value) for key, value in connection.execute(_SETTINGS)}
                self.accounts = {str(account): str(email) for account, email in connection.execute(_ACCOUNTS)}
                self.last_used = int(_number(connection, _NEWEST_ACCOUNT))

    @property
    def emails(self) -> set[str]:
        """The emails of all accounts."""
        return set(self.accounts.values())


def connect(database: Path) -> sqlite3.Connection:
    """Open a database for reading without leaving a trace."""
    # Without its log nobody writes now, and reading must not make one. A database that has no log is locked instead.
    is_quiet = _has_log(database) and not database.with_name(f"{database.name}-wal").exists()
    quiet = "&immutable=1" if is_quiet else ""
    return sqlite3.connect(f"file:{quote(str(database))}?mode=ro{quiet}", uri=True, timeout=WAIT_SECONDS)


def _has_log(database: Path) -> bool:
    """True if a database's writes go to a log (WAL), by its header, or if that cannot be read."""
    try:
        with database.open("rb") as file:
            return file.read(WRITE_VERSION + 1)[WRITE_VERSION:] != b"\1"
    except OSError:
        return True


def looked(database: Path, *, counted: bool) -> dict[str, Any]:
    """Describe a database's identity; a log beside a database without any writes yet does not count."""
    if not database.exists():
        return {"state": "empty", "lacks": f"no {database.name}"}
    if not database.is_file():
        return {"state": "broken"}
    try:
        with closing(connect(database)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            ids = [str(account) for account, _ in connection.execute(_ACCOUNTS)] if "user" in tables else []
            words = _words(connection, tables, len(ids)) if counted else ""
            latest = int(_number(connection, _NEWEST_CHAT)) if "chat" in tables else 0
            # Who deletes the newest chat is active then: this alone never falls.
            used = max(latest, int(_number(connection, _NEWEST_ACCOUNT)) if "user" in tables else 0)
    except sqlite3.OperationalError:
        return {"state": "unreadable"}
    except sqlite3.DatabaseError:
        return {"state": "broken"}
    if not tables or ("user" in tables and not ids):
        return {"state": "empty", "lacks": f"no account in {database.name}"}
    return {"state": "data", "ids": ids[:KNOWN_IDS], "words": words, "latest": latest, "used": used}


def _words(connection: sqlite3.Connection, tables: set[str], accounts: int) -> str:
    chats = int(_number(connection, "SELECT count(*) FROM chat")) if "chat" in tables else 0
    return f"{chats} chat{'s' if chats != 1 else ''} and {accounts} account{'s' if accounts != 1 else ''}"


def _number(connection: sqlite3.Connection, question: str) -> float:
    """Query a number; an older release's table may lack the column."""
    try:
        (number,) = connection.execute(question).fetchone()
    except sqlite3.OperationalError:
        return 0
    return number or 0


def readable(database: str) -> Stored:
    """Read a database, or raise an error with the next step."""
    try:
        return Stored(Path(database))
    except (sqlite3.Error, ValueError) as problem:
        raise AgentError(f"cannot read {database}: {problem}", f"see `{Line('logs', 'open_webui')}`") from problem
