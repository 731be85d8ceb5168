"""Names of services as a person types them, checked against the spec."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import KitError, UsageError


@dataclass(frozen=True)
class Known:
    """What a spec says by itself, without its lock: the stack and the names of its services."""

    stack: str
    services: tuple[str, ...]
    models: tuple[str, ...]


def known(spec: Path) -> Known:
    """Read the names in a spec."""
    from deploy.fields.service import ServiceSpec
    from deploy.spec.aliases import aliases_of
    from deploy.spec.loading.loader import load_spec

    loaded = load_spec(spec)
    fronts = tuple(front.kind for front in (loaded.gateway, loaded.webui) if front is not None)
    models = tuple(dict.fromkeys([*(model.name for model in loaded.models), *aliases_of(loaded)]))
    engines = tuple(engine.name for engine in loaded.engines if isinstance(engine, ServiceSpec))
    return Known(loaded.stack, (*engines, *fronts), models)


def chosen(names: tuple[str, ...], all_names: Iterable[str], what: str = "service") -> tuple[str, ...]:
    """Return the names that were typed, or all that are known; refuse one that nobody has."""
    everything = tuple(all_names)
    for name in names:
        if name not in everything:
            near = difflib.get_close_matches(name, everything, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            there = f"there are: {', '.join(everything)}" if everything else "there is none"
            raise UsageError(f"there is no {what} {name!r}", f"{meant}{there}")
    return tuple(dict.fromkeys(names)) or everything


def service_names(spec: Path) -> tuple[str, ...]:
    """Return the names of a spec's services for a shell to complete; none where it cannot be read."""
    try:
        return known(spec).services
    except (KitError, OSError):
        return ()


def model_names(spec: Path) -> tuple[str, ...]:
    """Return the names of a spec's models for a shell to complete; none where it cannot be read."""
    try:
        return known(spec).models
    except (KitError, OSError):
        return ()
