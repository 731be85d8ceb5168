"""A container as Docker's list has it, made from how its inspection tells it."""

from __future__ import annotations

from typing import Any


def listed(inspected: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of the list that a release's steps read."""
    return {
        "Id": inspected["Id"],
        "Labels": inspected["Config"]["Labels"],
        "State": inspected["State"]["Status"],
        "Created": 1,
        "ImageID": inspected["Image"],
    }
