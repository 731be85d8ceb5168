"""Ratios of two things measured in one run, one after the other in turns."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ratio:
    """A measurement and its peer's, in seconds, with the bar of their ratio."""

    name: str
    ours: str
    peer: str
    ours_seconds: float
    peer_seconds: float
    bar: float
    runs: int

    @property
    def ratio(self) -> float:
        """Ratio of our time to the peer's."""
        return self.ours_seconds / self.peer_seconds


@dataclass(frozen=True)
class Skipped:
    """A measurement that could not be made here, and the reason."""

    name: str
    reason: str


Result = Ratio | Skipped


def output_of(argv: list[str]) -> str:
    """Run a command, which must do what it is asked, and return what it printed."""
    done = subprocess.run(
        argv, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=_environment()
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)} exited {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _environment() -> dict[str, str]:
    """Return this environment, in which Python keeps what it compiled, as it does for a person."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds_of(argv: list[str]) -> float:
    """Return how long a command takes."""
    began = time.perf_counter()
    output_of(argv)
    return time.perf_counter() - began


def in_turns(name: str, ours: list[str], peer: list[str], *, bar: float, runs: int) -> Ratio:
    """Run both in turns, so that a busy neighbour meets both, and compare the medians; a first turn warms up."""
    turns = [(seconds_of(ours), seconds_of(peer)) for _ in range(runs + 1)][1:]
    mine, theirs = (median(turn[place] for turn in turns) for place in (0, 1))
    return Ratio(name, " ".join(ours), " ".join(peer), mine, theirs, bar, runs)


def table(results: list[Result]) -> str:
    """Print one line a measurement."""
    lines = [f"{'':<8}  {'ours':>9}  {'peer':>9}  {'ratio':>6}  {'bar':>5}"]
    for one in results:
        if isinstance(one, Skipped):
            lines.append(f"{one.name:<8}  not measured: {one.reason}")
        else:
            held = "" if one.ratio <= one.bar else "  over the bar"
            lines.append(
                f"{one.name:<8}  {one.ours_seconds:>7.3f} s  {one.peer_seconds:>7.3f} s  "
                f"{one.ratio:>5.2f}x  {one.bar:>4.1f}x{held}"
            )
    return "\n".join(lines)


def as_json(results: list[Result]) -> str:
    """Print everything that was measured as one document."""
    documents: list[dict[str, Any]] = [
        asdict(one) | ({"ratio": round(one.ratio, 3)} if isinstance(one, Ratio) else {}) for one in results
    ]
    return json.dumps({"format": 1, "results": documents}, indent=2)
