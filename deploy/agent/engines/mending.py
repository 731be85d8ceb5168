"""Damaged models, which have lost a part: found before anything is made, and prepared to be made again."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.protocols.engine import Engine, Live
from deploy.agent.protocols.memory import Memory
from deploy.agent.protocols.names import same
from deploy.agent.protocols.store import Stored, clear, damages, stored

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Model

HALF_MENDED = "the last apply ended during its repair"


class Mending:
    """The damaged models of one engine; their keys ignore how a name is spelled."""

    def __init__(self, engine: Engine, folder: str | None, memory: Memory, journal: Journal) -> None:
        self._engine, self._folder, self._memory, self._journal = engine, folder, memory, journal
        self._stored: dict[str, Stored] = {}
        self._lost: dict[str, str] = {}
        self.done: list[str] = []
        """Names of the repaired models."""

    def look(self, models: list[Model], live: dict[str, Live]) -> None:
        """Find damaged models: in the engine's folder, or by asking an engine elsewhere to show them."""
        self._lost = {same(name): HALF_MENDED for name in self._memory.mending(self._engine.name)}
        if self._folder is not None:
            self._stored = stored(self._folder) or {}
            self._lost.update(damages(self._folder, self._stored))
            return
        names = {same(name) for model in models for name in _names(model)}
        for key in sorted(names & set(live)):
            with suppress(AgentError):
                if words := self._engine.damage_of(live[key].name):
                    self._lost[key] = words

    def is_damaged(self, model: Model) -> bool:
        """True if a model, or the tag that it is made from, has lost a part."""
        return any(self.has_lost(name) for name in _names(model))

    def has_lost(self, name: str) -> bool:
        """True if the engine's model of this name is damaged."""
        return same(name) in self._lost

    def begin(self, models: list[Model]) -> None:
        """Record the damaged models that will be made: their engine must restart after all of them."""
        damaged = [model["name"] for model in models if self.is_damaged(model)]
        if damaged:
            self._memory.keep_mending(self._engine.name, damaged)

    def prepare(self, name: str, live: Live | None, *, is_pulled: bool) -> None:
        """Remove damaged parts that the engine would reuse; missing parts are made or fetched again anyway."""
        key = same(name)
        words = self._lost.pop(key, None)
        if words is None:
            return
        self._journal.say(f"repairing {name}: {words}")
        if key in self._stored and self._folder is not None:
            clear(self._folder, self._stored[key])
        elif self._folder is None and live is not None and not is_pulled:
            # Nobody can look into its folder: only a deletion takes a file that was cut away.
            self._engine.remove(live.name)
        self.done.append(name)

    def end(self) -> None:
        """Record that every model is complete."""
        self._memory.keep_mending(self._engine.name, ())


def _names(model: Model) -> list[str]:
    base = model.get("base")
    return [model["name"], *([base["name"]] if base else [])]
