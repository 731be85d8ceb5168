"""Damaged models, which have lost a part: found before anything is made, and prepared to be made again."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.protocols.ollama.engine import Engine, Live
from deploy.agent.protocols.ollama.memory import Memory
from deploy.agent.protocols.ollama.names import same
from deploy.agent.protocols.ollama.store import Stored, clear, damages, stored

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Model

HALF_MENDED = "the last apply ended during its repair"


class Mending:
    """The damaged models of one engine; their keys ignore how a name is spelled."""

    def __init__(self, engine: Engine, folder: str | None, memory: Memory, journal: Journal) -> None:
        self._engine, self._folder, self._memory, self._journal = engine, folder, memory, journal
        self._stored: dict[str, Stored] = {}
        self._lost: dict[str, str] = {}
        self._made: dict[str, dict[str, Any]] = {}
        self.done: list[str] = []
        """Names of the repaired models."""

    def look(self, models: list[Model], live: dict[str, Live]) -> None:
        """Find damaged models: in the engine's folder, or by asking an engine elsewhere to show them."""
        self._lost = {same(name): HALF_MENDED for name in self._memory.mending(self._engine.name)}
        if self._folder is not None:
            self._stored = stored(self._folder) or {}
            self._lost.update(damages(self._folder, self._stored))
            return
        lost: dict[str, dict[str, str]] = {}
        for key in sorted({same(name) for model in models for name in _names(model)} & set(live)):
            pair = self._memory.pair(self._engine.name, key)
            self._made[key] = pair.get("shown", {}) if pair and pair["manifest"] == live[key].digest else {}
            with suppress(AgentError):
                lost[key] = self._engine.damages_of(live[key].name, self._made[key])
        for model in models:
            for text, words in lost.get(same(model["name"]), {}).items():
                base = _origin_of(text, model)
                if base in live:
                    # Nobody recorded how the engine shows a tag that it pulled: its child tells.
                    lost.setdefault(base, {})[text] = words
        self._lost.update({key: ", ".join(damages.values()) for key, damages in lost.items() if damages})

    def is_damaged(self, model: Model) -> bool:
        """True if a model, or the tag that it is made from, has lost a part."""
        return any(self.has_lost(name) for name in _names(model))

    def has_lost(self, name: str) -> bool:
        """True if the engine's model of this name is damaged."""
        return same(name) in self._lost

    def begin(self, models: list[Model], live: dict[str, Live]) -> None:
        """Record the damaged models that will be made: their engine must restart after all of them.

        An engine elsewhere deletes them first, all together: it drops a file only with the last model that has it.
        """
        damaged = [model for model in models if self.is_damaged(model)]
        if damaged:
            self._memory.keep_mending(self._engine.name, [model["name"] for model in damaged])
        for model in models if self._folder is None else ():
            for name in _names(model):
                self._delete_elsewhere(model, name, live)

    def _delete_elsewhere(self, model: Model, name: str, live: dict[str, Live]) -> None:
        listed = live.get(same(name))
        if listed is None and self._is_remembered(name):
            # An engine does not list a model whose configuration it cannot read, and would use that file again.
            self._engine.remove(name)
        elif listed is not None and self.has_lost(name) and self._is_ours(model, name, listed):
            self._engine.remove(listed.name)
            del live[same(name)]

    def _is_remembered(self, name: str) -> bool:
        known = self._memory
        return known.pair(self._engine.name, name) is not None or known.pulled(self._engine.name, name) is not None

    def _is_ours(self, model: Model, name: str, live: Live) -> bool:
        """True if an apply brings the same model again."""
        base = model.get("base")
        if base is None or same(name) != same(base["name"]):
            return True
        return live.digest in (base["digest"], self._memory.pulled(self._engine.name, name))

    def prepare(self, name: str) -> None:
        """Remove damaged parts that the engine would reuse; missing parts are made or fetched again anyway."""
        key = same(name)
        words = self._lost.pop(key, None)
        if words is None:
            return
        self._journal.say(f"repairing {name}: {words}")
        if key in self._stored and self._folder is not None:
            clear(self._folder, self._stored[key])
        self.done.append(name)

    def ensure_whole(self, model: Model, live: Live) -> None:
        """Raise if a repaired model of an engine elsewhere is damaged still."""
        if self._folder is not None or same(model["name"]) not in map(same, self.done):
            return
        pair = self._memory.pair(self._engine.name, model["name"])
        is_same = pair is not None and pair["request"] == model["digest"]
        made = self._made.get(same(model["name"]), {}) if is_same else {}
        if damages := self._engine.damages_of(live.name, made):
            raise self._engine.failure(
                f"repairing {model['name']}",
                f"it was made again, and {', '.join(damages.values())}: another model there shares the damaged file",
                f"remove the models that share files with {model['name']} there, then run the same command again",
            )

    def end(self) -> None:
        """Record that every model is complete."""
        self._memory.keep_mending(self._engine.name, ())


def _origin_of(text: str, model: Model) -> str:
    """Return the pulled tag from which a model has a text; empty if the text is its own."""
    base = model.get("base")
    return same(base["name"]) if base is not None and text and text not in model["request"] else ""


def _names(model: Model) -> list[str]:
    base = model.get("base")
    return [model["name"], *([base["name"]] if base else [])]
