"""The databases among a service's data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.releases.decided import data_of

if TYPE_CHECKING:
    from deploy.agent.contract.deployed import Service


def databases_of(service: Service) -> list[Path]:
    """Return the databases among a service's data, the main one first.

    A release names its parts without their kinds. The first one is the main database, and a database is no folder.
    """
    data = data_of(service)
    main, *others = (Path(data["host_path"]) / item["relpath"] for item in data["items"])
    return [main, *(path for path in others if path.is_file())]
