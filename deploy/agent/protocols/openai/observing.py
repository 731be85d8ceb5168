"""One engine in a probe that has its models by itself: their names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.errors import AgentError
from deploy.agent.protocols.openai.named import NamedEngine, applied_names
from deploy.agent.protocols.wire import Limits

if TYPE_CHECKING:
    from deploy.agent.contract import engines

Answer = dict[str, Any]


class Observed:
    """An engine that is only asked for its models."""

    def __init__(
        self,
        described: engines.NamedEngine,
        root: Path,
        ca: str | None,
        in_cloud: Callable[[engines.NamedEngine, dict[str, str], Path, str | None, Limits], list[str]],
    ) -> None:
        self._described, self._root, self._ca, self._in_cloud = described, root, ca, in_cloud

    def look(self, limits: Limits, tell: Callable[[Answer], None]) -> None:
        """Ask the engine, and report each time that more is known."""
        owners = NamedEngine(self._described, self._root, self._ca, limits).owners()
        said = {"problem": None, "next": "", "names": list(owners), "cloud": []}
        tell(said)
        if cloud := self._in_cloud(self._described, owners, self._root, self._ca, limits):
            tell({**said, "cloud": cloud})

    def unanswered(self, problem: AgentError) -> Answer:
        """Return the facts of an engine that does not answer."""
        return {"problem": problem.problem, "next": problem.next_step, "names": [], "cloud": []}

    def with_records(self, said: Answer) -> Answer:
        """Return an answer with the names that the current release requests."""
        return {**said, "applied": applied_names(self._root, self._described["name"], self._described["address"])}
