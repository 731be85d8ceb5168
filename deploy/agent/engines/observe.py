"""Models of all engines and the records of them, for a probe: one short request each, all in parallel."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.errors import AgentError
from deploy.agent.protocols.doors.observing import Observed, observed
from deploy.agent.protocols.wire import Limits

if TYPE_CHECKING:
    from deploy.agent.contract.engines import AskedEngine

SECONDS = 2.0
LIMITS = Limits(SECONDS, SECONDS)


def observe(engines: Sequence[AskedEngine], root: Path, ca: str | None = None) -> dict[str, Any]:
    """Return each engine's models; an engine that cannot be asked has a problem in words instead."""
    each = {described["name"]: observed(described, root, ca) for described in engines}
    answers: dict[str, dict[str, Any]] = {}
    threads = [
        threading.Thread(target=_look, args=(name, engine, answers), daemon=True) for name, engine in each.items()
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + SECONDS
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    told = {
        described["name"]: answers.get(described["name"]) or each[described["name"]].unanswered(_late(described))
        for described in engines
    }
    return {name: each[name].with_records(said) for name, said in told.items()}


def _late(described: AskedEngine) -> AgentError:
    # One that drips its answer byte by byte keeps within every limit but this one.
    where = f"engine {described['name']}: {described['address']}"
    return AgentError(f"{where} did not answer within {SECONDS:g} s", "check that engine yourself")


def _look(name: str, engine: Observed, answers: dict[str, Any]) -> None:
    def tell(said: dict[str, Any]) -> None:
        answers[name] = said

    try:
        engine.look(LIMITS, tell)
    except AgentError as error:
        # What it said before stands: that alone decides.
        answers.setdefault(name, engine.unanswered(error))
