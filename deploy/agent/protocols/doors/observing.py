"""The protocols by their names in a request, as a probe sees their engines."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from deploy.agent.errors import AgentError
from deploy.agent.protocols.ollama import observing as ollama
from deploy.agent.protocols.ollama.cloud import in_cloud
from deploy.agent.protocols.openai import observing as openai
from deploy.agent.protocols.wire import Limits

if TYPE_CHECKING:
    from deploy.agent.contract.engines import AskedEngine

Answer = dict[str, Any]


class Observed(Protocol):
    """One engine that is asked."""

    def look(self, _limits: Limits, _tell: Callable[[Answer], None], /) -> None:
        """Ask the engine, and report each time that more is known."""

    def unanswered(self, _problem: AgentError, /) -> Answer:
        """Return the facts of an engine that does not answer."""

    def with_records(self, _said: Answer, /) -> Answer:
        """Return an answer with what this host records of the engine."""


PROTOCOLS: dict[str, Callable[[Any, Path, str | None], Observed]] = {
    "ollama": ollama.Observed,
    "openai": partial(openai.Observed, in_cloud=in_cloud),
}


def observed(described: AskedEngine, root: Path, ca: str | None) -> Observed:
    """Return an engine in its own protocol."""
    return PROTOCOLS[described["protocol"]](described, root, ca)
