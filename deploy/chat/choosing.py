"""Choice of the door at which a model is asked, and of its key."""

from __future__ import annotations

from collections.abc import Collection

from deploy.chat.doors import Door
from deploy.errors import UsageError
from deploy.words import did_you_mean


def door_to(model: str, known: tuple[Door, ...], engine: str | None, rooted: Collection[str]) -> Door:
    """Return the door of a model: the gateway's if there is one, else its engine's, or the named one.

    A key can only be read on the rooted hosts: their agent is root.
    """
    if engine is not None:
        return _engine(engine, known)
    able = [door for door in known if model in door.models]
    if not able:
        raise no_model(model, known)
    free = [door for door in able if door.key is None]
    return able[0] if able[0].host in rooted or not free else free[0]


def _engine(name: str, known: tuple[Door, ...]) -> Door:
    engines = {door.name: door for door in known if not door.is_gateway}
    if name not in engines:
        raise UsageError(f"no engine is called {name!r}{did_you_mean(name, engines)}", _there_are(tuple(engines)))
    return engines[name]


def no_model(name: str, known: tuple[Door, ...]) -> UsageError:
    """Return the error about a name that nothing in kit.yaml has."""
    names = tuple(dict.fromkeys(model for door in known for model in door.models))
    others = "; one that is not in kit.yaml is asked with --engine" if any(map(_is_open, known)) else ""
    return UsageError(f"kit.yaml has no model {name!r}{did_you_mean(name, names)}", _there_are(names) + others)


def _is_open(door: Door) -> bool:
    return not door.is_gateway and door.protocol != "openai"


def _there_are(names: tuple[str, ...]) -> str:
    return f"there are: {', '.join(names)}" if names else "there is none"
