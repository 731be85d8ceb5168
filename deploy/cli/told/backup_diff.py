"""The difference between two backups as text for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from deploy.cli.terminal.columns import columns
from deploy.cli.told.backups import SHORT

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Changes, DiffAnswer

MOST_NAMES = 8
"""Names that a line shows; `--json` has all of them."""
ACTIONS: tuple[Literal["added", "changed", "removed"], ...] = ("added", "changed", "removed")


def differences(answer: DiffAnswer) -> str:
    """Return the difference by kind, and the tables whose number of rows differs."""
    first, second = ((each["id"][:SHORT], each["time"]) for each in (answer["first"], answer["second"]))
    head = f"from backup {first[0]} of {first[1]} to {second[0]} of {second[1]}"
    kinds = [row for kind, changes in answer["changes"].items() for row in _rows(kind, changes)]
    tables = [
        (f"{each['service']} {each['database']}", each["table"], str(each["before"]), str(each["after"]))
        for each in answer["rows"]
    ]
    if not kinds and not tables:
        return f"{head}: nothing differs"
    parts = [head]
    if kinds:
        parts.append(columns(kinds, ("KIND", "", "NAMES")))
    if tables:
        parts.append(columns(tables, ("DATABASE", "TABLE", "ROWS BEFORE", "AFTER")))
    return "\n\n".join(parts)


def _rows(kind: str, changes: Changes) -> Iterator[tuple[str, str, str]]:
    for action in ACTIONS:
        names = changes[action]
        if names:
            more = [f"and {len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
            yield kind, f"{len(names)} {action}", ", ".join([*names[:MOST_NAMES], *more])
