"""Measurements that need a stack that is up."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from deploy.spec.loading.loader import load_spec
from tests.bench.measure import Ratio, Result, Skipped, in_turns, output_of

WITHIN = ("health",)
"""Steps that another step waits for."""
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
    """The stack's first apply against the sum of its own steps, as if they were done by hand one after the other."""
    if os.geteuid() != 0:
        return Skipped("cold", "needs root")
    root = Path("/opt/kit", load_spec(spec).stack)
    if (root / "current").exists():
        return Skipped(
            "cold", f"the stack is there; type: kit destroy --data {spec}, and for a cold start on a new machine"
        )
    began = time.perf_counter()
    outcome = json.loads(output_of([*KIT, "apply", "--json", str(spec)]))["hosts"]["here"]
    whole = time.perf_counter() - began
    steps = _journaled(root / "run/journal.jsonl") + sum(check["seconds"] for check in outcome["verify"]["checks"])
    built = sum(operation["action"] == "build" for operation in outcome["plan"]["operations"])
    return Ratio("cold", f"kit apply, {built} images built", "its steps one after the other", whole, steps, 1.2, 1)


def _journaled(journal: Path) -> float:
    """Add the seconds of the steps that the last run did on the host; a step within a step counts once."""
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    run = lines[-1]["run"]
    began = {line["step"]: line["time"] for line in lines if line["run"] == run and line["state"] == "start"}
    ended = {line["step"]: line["time"] for line in lines if line["run"] == run and line["state"] == "done"}
    return float(sum(ended[step] - began[step] for step in ended if step not in WITHIN))


def _current(spec: Path) -> Path | str:
    """Return the folder of the stack's release, or why there is none to measure."""
    if os.geteuid() != 0:
        return "needs root"
    current = Path("/opt/kit", load_spec(spec).stack, "current")
    return current if current.is_dir() else f"the stack is not up; type: kit apply {spec}"
