"""The databases among a service's data."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def databases_of(service: dict[str, Any]) -> list[Path]:
    """Return the databases among a service's data, the main one first.

    A release names its parts without their kinds. The first one is the main database, and a database is no folder.
    """
    main, *others = (Path(service["data"]["host_path"]) / item["relpath"] for item in service["data"]["items"])
    return [main, *(path for path in others if path.is_file())]
