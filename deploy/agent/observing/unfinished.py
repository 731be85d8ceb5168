"""The interrupted run: it never reported its end, or one of its steps started and never ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.holder import hold_path
from deploy.agent.remembered import read_json

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Holder

TAIL_BYTES = 65536


def unfinished_run(root: Path, holder: Holder | None) -> str | None:
    """Return the last run if it was interrupted; a run in progress is not."""
    if holder is not None:
        return None
    # Whose control node has gone may still have ended its step in order: then the journal knows of nothing amiss.
    last_holder = read_json(hold_path(root)) or {}
    if last_holder.get("ended") is False:
        return str(last_holder["run"])
    return _in_a_step(root)


def _in_a_step(root: Path) -> str | None:
    raw = _tail(root / "run" / "journal.jsonl")
    newest = next(filter(None, map(_line, reversed(raw))), None)
    if newest is None:
        return None
    run: str = newest["run"]
    # A tail holds hundreds of lines, most of them of earlier runs: those are not read.
    named = json.dumps(run).encode()
    lines = [line for line in map(_line, (text for text in raw if named in text)) if line and line["run"] == run]
    last = {line["step"]: line["state"] for line in lines if line["state"] != "progress"}
    return run if "start" in last.values() else None


def _tail(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - TAIL_BYTES))
            return stream.read().splitlines()
    except OSError:
        return []


def _line(text: bytes) -> dict[str, Any] | None:
    """Parse a line of the journal; None for a fragment left by a power cut."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and {"run", "step", "state"} <= line.keys() else None
