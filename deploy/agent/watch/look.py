"""Operation `watch`: looks for failures and tells of each once, and once a day as long as it lasts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from deploy.agent.contract.backup_runs import DAY
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json, write_json
from deploy.agent.watch.calling import NEXT, call
from deploy.agent.watch.troubles import troubles

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import StackRequest
    from deploy.agent.contract.failures import FailureCall, Trouble, WatchAnswer

FILE = "on_failure.json"
VOLATILE = Path("/run/kit")
"""Folder in memory: told.json goes there while its disk is full, or that disk would be told at each look."""


def run(request: StackRequest, journal: Journal) -> WatchAnswer:
    """Look once; a failure that nobody took is tried again at the next look."""
    root = Path(request["root"])
    wanted = read_json(root / "current" / FILE)
    if wanted is None:
        raise AgentError("the release on this host calls nobody", "write `on_failure` in kit.yaml, then apply")
    lasting, told = list(troubles(root, request["stack"])), _told(root, request["stack"])
    # A call from the future, of a clock that was set back, counts as old.
    new = [trouble for trouble in lasting if not 0 <= time.time() - told.get(_key(trouble), 0.0) < DAY]
    # What is over is forgotten, so that it is told when it comes back.
    told = {key: moment for key, moment in told.items() if key in set(map(_key, lasting))}
    problems: list[AgentError] = []
    for trouble in new:
        journal.say(trouble["problem"])
        try:
            failed = call(cast("FailureCall", wanted), trouble)
            told[_key(trouble)] = time.time()
            problems += [AgentError(f"somebody was told, and not by the {each}", NEXT) for each in failed]
        except AgentError as problem:
            problems.append(problem)
    _remember(root, request["stack"], told)
    if problems:
        raise problems[0]
    return {"changed": bool(new), "troubles": lasting, "told": new}


def _key(trouble: Trouble) -> str:
    return f"{trouble['kind']} {trouble['subject']}"


def _told(root: Path, stack: str) -> dict[str, float]:
    known = read_json(_spare(stack)) or read_json(_path(root)) or {}
    return dict(known.get("told", {}))


def _remember(root: Path, stack: str, told: dict[str, float]) -> None:
    document = {"format": 1, "told": told}
    try:
        write_json(_path(root), document)
    except OSError:
        write_json(_spare(stack), document)
    else:
        _spare(stack).unlink(missing_ok=True)


def _path(root: Path) -> Path:
    return root / "run" / "told.json"


def _spare(stack: str) -> Path:
    return VOLATILE / f"{stack}.told.json"
