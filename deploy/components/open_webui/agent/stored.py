"""What Open WebUI's database holds, read while the application may be writing it."""

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
_EMAILS = 'SELECT lower(email) FROM "user"'


class Stored:
    """What the application's database holds; empty where it was never started."""

    def __init__(self, database: Path) -> None:
        self.settings: dict[str, Any] = {}
        self.emails: set[str] = set()
        self.exists = database.exists()
        if self.exists:
            # Without a log beside it nobody writes now, and reading must not make one.
            quiet = "" if database.with_name(f"{database.name}-wal").exists() else "&immutable=1"
            address = f"file:{quote(str(database))}?mode=ro{quiet}"
            with closing(sqlite3.connect(address, uri=True, timeout=5)) as connection:
                self.settings = {key: json.loads(value) for key, value in connection.execute(_SETTINGS)}
                self.emails = {email for (email,) in connection.execute(_EMAILS)}


def readable(database: str) -> Stored:
    """Read it, or say where a person looks next."""
    try:
        return Stored(Path(database))
    except (sqlite3.Error, ValueError) as problem:
        raise AgentError(f"cannot read {database}: {problem}", f"see `{Line('logs', 'open_webui')}`") from problem
