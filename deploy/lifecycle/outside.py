"""Models that the kit brought to engines that it does not run: no removal of a stack reaches them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.agent.errors import AgentError
from deploy.agent.protocols.memory import Memory
from deploy.agent.protocols.names import same
from deploy.errors import typed


@dataclass(frozen=True)
class Outside:
    """What stays on one engine."""

    engine: str
    address: str
    models: tuple[str, ...]
    """Those that were made there, then the tags that were pulled for them."""

    @property
    def words(self) -> str:
        """Say what stays, and what removes it."""
        line = " ".join(("ollama rm", *map(typed, self.models)))
        return f"{self.engine} at {self.address} keeps {', '.join(self.models)}; typed there, this removes it: {line}"


def models_outside(root: Path, addresses: Mapping[str, str]) -> tuple[Outside, ...]:
    """Return what is remembered to have been brought to engines, by their names and addresses."""
    try:
        memory = Memory(root)
    except AgentError:
        # A newer kit wrote it, and that one can say.
        return ()
    found = []
    for engine in sorted(addresses):
        made = sorted(memory.pairs(engine))
        pulled = sorted(set(memory.tags(engine)) - set(map(same, made)))
        if made or pulled:
            found.append(Outside(engine, addresses[engine], (*made, *pulled)))
    return tuple(found)
