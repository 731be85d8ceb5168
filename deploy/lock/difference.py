"""Differences of two documents, value by value, and the same in words.

Documents are compared by their structure alone, so that new kinds of entries are compared as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

Path = tuple[str, ...]
_HASH = re.compile(r"(sha256:)?[0-9a-f]{64}")
_SHOWN = 12
_LONGEST = 300
_VERSION = "version"
HEADER = {"header", "decimals"}
"""Keys of a file's facts, which are many: their number is told."""
OWNER = 2
"""Length of the path of an entry: `images` and its name."""


@dataclass(frozen=True)
class Difference:
    """A changed, new or removed value; None stands for a missing one."""

    path: Path
    before: Any
    after: Any


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[Difference]:
    """Yield every difference; entries of a list with names are compared by name."""
    if len(path) < OWNER - 1 or (len(path) < OWNER and dict in (type(before), type(after))):
        # A section that came or went is told entry by entry.
        before, after = ({} if value is None else value for value in (before, after))
    old, new = _by_key(before, after), _by_key(after, before)
    if old is not None and new is not None and not _is_whole(path):
        for key in dict.fromkeys((*old, *new)):
            yield from differences(old.get(key), new.get(key), (*path, key))
        if old.keys() == new.keys() and [*old] != [*new] and isinstance(before, list | tuple):
            yield Difference((*path, "order"), [*old], [*new])
    elif before != after:
        yield Difference(path, before, after)


def _is_whole(path: Path) -> bool:
    """Return True for a part that is compared whole: a header's facts follow from its file."""
    return len(path) == OWNER + 1 and path[-1] in HEADER


def _by_key(value: Any, other: Any) -> dict[str, Any] | None:
    """Return the parts of a value by their names; None for a value that is compared as a whole."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list | tuple) or not (value or isinstance(other, list | tuple)):
        return None
    if not all(isinstance(entry, dict) and "name" in entry for entry in value or other):
        return None
    named = {str(entry["name"]): entry for entry in value}
    return named if len(named) == len(value) else None


def told(changes: list[Difference]) -> Iterator[str]:
    """Yield differences in words, a line for each entry: `model main/assistant: digest 0a1b… -> 2c3d…`."""
    for owner, group in groupby(changes, lambda change: _owner(change.path)):
        mine = list(group)
        if len(mine) == 1 and mine[0].path == owner:
            if len(owner) == OWNER or mine[0].before is not None:
                # The head of a first lock is no news.
                yield _whole(mine[0])
        else:
            parts = groupby(mine, lambda change: _entry(change.path))
            yield from (f"{_named(owner)}: {_changes(list(changes), entry)}" for entry, changes in parts)


def _owner(path: Path) -> Path:
    """Return the entry that contains a path: `images`, `models` and the like hold entries by name."""
    return path[:OWNER]


def _entry(path: Path) -> Path:
    """Return the part of an entry that has several values of its own, such as one package."""
    return path[: OWNER + 2] if len(path) > OWNER + 1 else path[:OWNER]


def _named(owner: Path) -> str:
    kind, *rest = owner
    single = kind.removesuffix("es") if kind.endswith("sses") else kind.removesuffix("s")
    return " ".join((single if rest else kind, *rest))


def _whole(change: Difference) -> str:
    """Return the words for a new, removed or changed entry, or single value."""
    if len(change.path) == OWNER and change.after is None:
        return f"{_named(change.path)}: no longer needed"
    if isinstance(change.after, dict) and change.before is None:
        return f"{_named(change.path)}: new, {_summary(change.after)}"
    return f"{_named(change.path)}: {_pair(change.before, change.after)}" if len(change.path) > 1 else _value(change)


def _value(change: Difference) -> str:
    return f"{change.path[-1]} {_pair(change.before, change.after)}"


def _summary(entry: dict[str, Any]) -> str:
    """Return the values of a new entry in words; for a list, its length."""
    return ", ".join(_summed(name, value) for name, value in entry.items() if value not in ((), [], {}))


def _summed(name: str, value: Any) -> str:
    if name in HEADER and isinstance(value, dict):
        return f"{name} of {len(value)} facts"
    if isinstance(value, dict):
        return _summary(value)
    if isinstance(value, list | tuple):
        what = "packages" if name == "wheels" else name
        return f"{len(value)} {what.removesuffix('s') if len(value) == 1 else what}"
    return f"{name} {_shown(value)}"


def _changes(parts: list[Difference], entry: Path) -> str:
    """Return the changes of an entry, or of one named part of it, in words."""
    name = f"{entry[-1]} " if len(entry) > 2 else ""
    by_key = {change.path[len(entry) :]: change for change in parts}
    if () in by_key:
        # The part itself came or went.
        change = by_key[()]
        return f"{name}{_pair(_identity(change.before), _identity(change.after))}"
    if (_VERSION,) in by_key and len(entry) > 2:
        # Another version has other files: their names, sums and sizes follow from it.
        change = by_key[(_VERSION,)]
        return f"{name}{_pair(change.before, change.after)}"
    return f"{name}{'; '.join(_named_value(change, len(entry)) for change in parts)}"


def _identity(value: Any) -> Any:
    return value.get(_VERSION, value) if isinstance(value, dict) else value


def _named_value(change: Difference, depth: int) -> str:
    return f"{' '.join(change.path[depth:])} {_pair(change.before, change.after)}"


def _pair(before: Any, after: Any) -> str:
    if isinstance(before, dict) and isinstance(after, dict):
        changed = sum(before.get(key) != after.get(key) for key in {*before, *after})
        return f"{changed} fact{'s' if changed != 1 else ''} new or changed"
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        gone = [entry for entry in before if entry not in after]
        come = [entry for entry in after if entry not in before]
        if gone or come:
            before, after = gone or None, come or None
    old, new = _shown(before, "new"), _shown(after, "gone")
    # Two hashes may have the same beginning: then only the whole ones tell them apart.
    return f"{_shown(before, is_whole=True)} -> {_shown(after, is_whole=True)}" if old == new else f"{old} -> {new}"


def _shown(value: Any, none: str = "none", *, is_whole: bool = False) -> str:
    if value is None:
        return none
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(part, is_whole=is_whole)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_shown(part, is_whole=is_whole) for part in value) or "none"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if len(text) > _LONGEST:
        return f"of {len(text)} characters"
    return text.removeprefix("sha256:")[:_SHOWN] if _HASH.fullmatch(text) and not is_whole else text
