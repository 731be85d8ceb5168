"""Pulls a model completely, from the registry or from the mirror in the spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import MARGIN, amount, existing, free_bytes, not_enough
from deploy.agent.inputs.pace import Pace
from deploy.agent.journal import Journal
from deploy.agent.protocols.ollama.engine import Engine, Live
from deploy.agent.protocols.ollama.names import plain, same

MOST_PULLS = 5
OWN_HOST = 3


class NoRoomError(AgentError):
    """The pulled model does not fit on the disk; a retry would not help."""


def pull(
    engine: Engine, name: str, size: int | None, mirror: str | None, journal: Journal, folder: str | None = None
) -> Live:
    """Let an engine pull a model, into a folder of this host if it is known; return the listed model."""
    source = mirrored(name, mirror)
    _to_the_end(engine, source, Pace(journal, f"pulling {name}", size), journal, folder)
    if same(source) != same(name):
        # A model keeps the name of the place that it came from, and nobody shall need to know of the mirror.
        engine.copy(source, name)
        engine.remove(source)
    live = engine.models().get(same(name))
    if live is None:
        raise engine.failure(f"pulling {name}", "it was pulled, and is not there now")
    return live


def mirrored(name: str, mirror: str | None) -> str:
    """Return the name to pull: a name with its own host has no mirror."""
    parts = plain(name).split("/")
    if mirror is None or len(parts) >= OWN_HOST:
        return name
    return "/".join([mirror.rstrip("/"), *(["library"] if len(parts) == 1 else []), *parts])


def ensure_fits(folder: str, size: int, name: str) -> None:
    """Raise if a folder's disk lacks the room for a pull."""
    # Something big leaves room to go on with.
    needed, free = size + (MARGIN if size > MARGIN else 0), free_bytes(existing(Path(folder)))
    if needed > free:
        raise NoRoomError(
            not_enough(folder, name, needed, free),
            f"free {amount(needed - free)} there, then run the same command again",
        )


def _to_the_end(engine: Engine, source: str, pace: Pace, journal: Journal, folder: str | None) -> None:
    looked_at: set[str] = set()

    def hear(said: dict[str, Any]) -> None:
        # A layer's size is known when it begins: nobody waits for gigabytes that cannot be kept.
        if folder is not None and "total" in said and said.get("digest", "") not in looked_at:
            looked_at.add(said.get("digest", ""))
            ensure_fits(folder, int(said["total"]) - int(said.get("completed", 0)), source)
        pace.hear(said)

    for left in reversed(range(MOST_PULLS)):
        before = pace.bytes
        try:
            engine.pull(source, hear)
            return
        except NoRoomError:
            raise
        except AgentError as problem:
            if not left or pace.bytes <= before:
                raise
            # The engine keeps what it has and asks for the rest.
            journal.say(f"the pull ended early, resuming: {problem.problem}")
