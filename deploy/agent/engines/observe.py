"""Models of all engines and the records of them, for a probe: one short request each, all in parallel."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.errors import AgentError
from deploy.agent.protocols.ollama.memory import Memory
from deploy.agent.protocols.ollama.cloud import in_cloud
from deploy.agent.protocols.ollama.engine import Engine
from deploy.agent.protocols.ollama.looking import in_folder, look, unanswered
from deploy.agent.protocols.ollama.mending import HALF_MENDED
from deploy.agent.protocols.openai.named import NamedEngine, applied_names
from deploy.agent.protocols.wire import Limits

if TYPE_CHECKING:
    from deploy.agent.contract.engines import AskedEngine

SECONDS = 2.0
LIMITS = Limits(SECONDS, SECONDS)


def observe(engines: Sequence[AskedEngine], root: Path, ca: str | None = None) -> dict[str, Any]:
    """Return each engine's models; an engine that cannot be asked has a problem in words instead."""
    memory = Memory(root)
    answers: dict[str, dict[str, Any]] = {}
    threads = [
        threading.Thread(target=_look, args=(described, root, ca, memory, answers), daemon=True)
        for described in engines
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + SECONDS
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    return {
        described["name"]: _with_memory(
            described, answers.get(described["name"]) or _unanswered(described, _late(described), memory), root, memory
        )
        for described in engines
    }


def _late(described: AskedEngine) -> AgentError:
    # One that drips its answer byte by byte keeps within every limit but this one.
    where = f"engine {described['name']}: {described['address']}"
    return AgentError(f"{where} did not answer within {SECONDS:g} s", "check that engine yourself")


def _look(described: AskedEngine, root: Path, ca: str | None, memory: Memory, answers: dict[str, Any]) -> None:
    name = described["name"]

    def tell(said: dict[str, Any]) -> None:
        answers[name] = said

    try:
        if _is_named(described):
            owners = NamedEngine(described, root, ca, LIMITS).owners()
            told = {"problem": None, "next": "", "names": list(owners), "cloud": []}
            tell(told)
            if cloud := in_cloud(described, owners, root, ca, LIMITS):
                tell({**told, "cloud": cloud})
        else:
            look(Engine(described, root, ca, LIMITS), described, memory.pairs(name), tell)
    except AgentError as error:
        # What it said before stands: that alone decides.
        answers.setdefault(name, _unanswered(described, error, memory))


def _unanswered(described: AskedEngine, problem: AgentError, memory: Memory) -> dict[str, Any]:
    if _is_named(described):
        return {"problem": problem.problem, "next": problem.next_step, "names": [], "cloud": []}
    return unanswered(described, problem.problem, memory.pairs(described["name"]))


def _is_named(described: AskedEngine) -> bool:
    return bool(described["protocol"] == NamedEngine.protocol)


def _with_memory(described: AskedEngine, said: dict[str, Any], root: Path, memory: Memory) -> dict[str, Any]:
    name = described["name"]
    if _is_named(described):
        return {**said, "applied": applied_names(root, name, described["address"])}
    pairs = memory.pairs(name)
    there = in_folder(described, pairs) if described.get("models_dir") else {}
    lost = {**dict.fromkeys(memory.mending(name), HALF_MENDED), **said["lost"], **there.get("lost", {})}
    kept = {"remembered": pairs, "pulled": memory.bases(name), "place": memory.place(name)}
    return {**said, **there, "lost": lost, **kept}
