"""One engine in a probe: its models, and the records of those that the kit made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.errors import AgentError
from deploy.agent.protocols.ollama.engine import Engine
from deploy.agent.protocols.ollama.looking import in_folder, look, unanswered
from deploy.agent.protocols.ollama.memory import Memory
from deploy.agent.protocols.ollama.mending import HALF_MENDED
from deploy.agent.protocols.wire import Limits

if TYPE_CHECKING:
    from deploy.agent.contract import engines

Answer = dict[str, Any]


class Observed:
    """An engine on which models are made."""

    def __init__(self, described: engines.Engine, root: Path, ca: str | None) -> None:
        self._described, self._root, self._ca = described, root, ca
        self._name: str = described["name"]
        self._memory = Memory(root)
        self._pairs = self._memory.pairs(self._name)

    def look(self, limits: Limits, tell: Callable[[Answer], None]) -> None:
        """Ask the engine, and report each time that more is known."""
        look(Engine(self._described, self._root, self._ca, limits), self._described, self._pairs, tell)

    def unanswered(self, problem: AgentError) -> Answer:
        """Return the facts of an engine that does not answer."""
        return unanswered(self._described, problem.problem, self._pairs)

    def with_records(self, said: Answer) -> Answer:
        """Return an answer with the folder's content and the records of the engine's models."""
        there = in_folder(self._described, self._pairs) if self._described.get("models_dir") else {}
        half = dict.fromkeys(self._memory.mending(self._name), HALF_MENDED)
        lost = {**half, **said["lost"], **there.get("lost", {})}
        bases, place = self._memory.bases(self._name), self._memory.place(self._name)
        return {**said, **there, "lost": lost, "remembered": self._pairs, "pulled": bases, "place": place}
