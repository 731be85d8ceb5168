"""A pull to its end, from the registry or from the mirror that the spec names."""

from __future__ import annotations

from deploy.agent.engines.engine import Engine, Live
from deploy.agent.engines.names import plain, same
from deploy.agent.engines.pace import Pace
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal

MOST_PULLS = 5
OWN_HOST = 3


def pull(engine: Engine, name: str, size: int | None, mirror: str | None, journal: Journal) -> Live:
    """Let an engine fetch a model and return it as the engine then lists it."""
    source = mirrored(name, mirror)
    _to_the_end(engine, source, Pace(journal, f"pulling {name}", size), journal)
    if same(source) != same(name):
        # A model keeps the name of the place that it came from, and nobody shall need to know of the mirror.
        engine.copy(source, name)
        engine.remove(source)
    live = engine.models().get(same(name))
    if live is None:
        raise engine.failure(f"pulling {name}", "it was pulled, and is not there now")
    return live


def mirrored(name: str, mirror: str | None) -> str:
    """Return what to pull: names with a host of their own have no mirror."""
    parts = plain(name).split("/")
    if mirror is None or len(parts) >= OWN_HOST:
        return name
    return "/".join([mirror.rstrip("/"), *(["library"] if len(parts) == 1 else []), *parts])


def _to_the_end(engine: Engine, source: str, pace: Pace, journal: Journal) -> None:
    for left in reversed(range(MOST_PULLS)):
        before = pace.bytes
        try:
            engine.pull(source, pace.hear)
            return
        except AgentError as problem:
            if not left or pace.bytes <= before:
                raise
            # The engine keeps what it has and asks for the rest.
            journal.say(f"the pull broke off, going on: {problem.problem}")
