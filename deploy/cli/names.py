"""Names of services as a person types them, checked against the spec."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from deploy.errors import KitError, UsageError


def chosen(names: tuple[str, ...], known: Iterable[str], what: str = "service") -> tuple[str, ...]:
    """Return the names that were typed, or all that are known; refuse one that nobody has."""
    all_names = tuple(known)
    for name in names:
        if name not in all_names:
            near = difflib.get_close_matches(name, all_names, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise UsageError(f"there is no {what} {name!r}", f"{meant}there are: {', '.join(all_names)}")
    return tuple(dict.fromkeys(names)) or all_names


def service_names(spec: Path) -> tuple[str, ...]:
    """Return the names of a spec's services; none where it cannot be read."""
    from deploy.spec.loader import load_spec

    try:
        loaded = load_spec(spec)
    except (KitError, OSError):
        return ()
    fronts = tuple(front.kind for front in (loaded.gateway, loaded.webui) if front is not None)
    return (*(engine.name for engine in loaded.engines), *fronts)
