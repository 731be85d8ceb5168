"""Measurements that need a stack that is up."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from deploy.spec.loader import load_spec
from tests.bench.measure import REPOSITORY, Ratio, Result, Skipped, in_turns

KIT = [sys.executable, "-m", "deploy.cli.main"]


def noop(spec: Path) -> Result:
    """An apply that changes nothing against compose doing the same."""
    current = _current(spec)
    if isinstance(current, str):
        return Skipped("noop", current)
    compose = ["docker", "compose", "--project-name", f"kit-{load_spec(spec).stack}"]
    peer = [*compose, "--project-directory", str(current), "-f", str(current / "compose.yaml"), "up", "-d"]
    return in_turns("noop", [*KIT, "apply", str(spec)], peer, bar=3.0, runs=7)


def cold(spec: Path) -> Result:
    """The stack's first apply against the sum of its own steps."""
    current = _current(spec)
    if isinstance(current, str):
        return Skipped("cold", current)
    lines = [json.loads(line) for line in (current.parent / "run/journal.jsonl").read_text().splitlines()]
    first = [line for line in lines if line["run"] == lines[0]["run"]]
    steps = list(_seconds(first))
    if not any(name.startswith("image ") for name, _ in steps):
        return Skipped("cold", "the journal's first run assembled no image; destroy the stack and apply it again")
    whole = first[-1]["time"] - first[0]["time"]
    return Ratio(
        "cold", f"kit apply {spec.relative_to(REPOSITORY)}", "its steps", whole, sum(s for _, s in steps), 1.2, 1
    )


def _seconds(lines: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """Return each outermost step with its seconds."""
    began = {line["step"]: line["time"] for line in lines if line["state"] == "start"}
    return [(line["step"], line["time"] - began[line["step"]]) for line in lines if line["state"] == "done"]


def _current(spec: Path) -> Path | str:
    """Return the folder of the stack's release, or why there is none to measure."""
    if os.geteuid() != 0:
        return "needs root"
    current = Path("/opt/kit", load_spec(spec).stack, "current")
    return current if current.is_dir() else f"the stack is not up; type: kit apply {spec}"
