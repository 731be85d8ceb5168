"""The run that was cut off: its last steps started and never ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TAIL_BYTES = 65536


def unfinished_run(root: Path, holder: dict[str, Any] | None) -> str | None:
    """Return the last run in the journal if a step of it started and never ended; one that goes on is none."""
    lines = _tail(root / "run" / "journal.jsonl")
    run = lines[-1]["run"] if lines else None
    if run is None or (holder or {}).get("run") == run:
        return None
    last = {line["step"]: line["state"] for line in lines if line["run"] == run and line["state"] != "progress"}
    return run if "start" in last.values() else None


def _tail(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - TAIL_BYTES))
            raw = stream.read().splitlines()
    except OSError:
        return []
    lines = []
    for line in raw:
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in lines if isinstance(line, dict) and {"run", "step", "state"} <= line.keys()]
