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
    """A measurement and its peer's, in seconds, with the bar of their ratio; None for a ratio that only explains."""

    name: str
    ours: str
    peer: str
    ours_seconds: float
    peer_seconds: float
    bar: float | None
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
    mine, theirs = medians(ours, peer, runs=runs)
    return Ratio(name, " ".join(ours), " ".join(peer), mine, theirs, bar, runs)


def medians(*commands: list[str], runs: int) -> list[float]:
    """Run commands in turns and return the median of each, in seconds; a first turn warms up."""
    turns = [[seconds_of(command) for command in commands] for _ in range(runs + 1)][1:]
    return [median(each) for each in zip(*turns, strict=True)]


def table(results: list[Result]) -> str:
    """Print one line a measurement."""
    lines = [f"{'':<10}  {'ours':>9}  {'peer':>9}  {'ratio':>6}  {'bar':>5}"]
    for one in results:
        if isinstance(one, Skipped):
            lines.append(f"{one.name:<10}  not measured: {one.reason}")
        else:
            held = "" if one.bar is None or one.ratio <= one.bar else "  over the bar"
            bar = " " * 5 if one.bar is None else f"{one.bar:>4.1f}x"
            times = f"{one.ours_seconds:>7.3f} s  {one.peer_seconds:>7.3f} s"
            lines.append(f"{one.name:<10}  {times}  {one.ratio:>5.2f}x  {bar}{held}")
    return "\n".join(lines)


def as_json(results: list[Result]) -> str:
    """Print everything that was measured as one document."""
    documents: list[dict[str, Any]] = [
        asdict(one) | ({"ratio": round(one.ratio, 3)} if isinstance(one, Ratio) else {}) for one in results
    ]
    return json.dumps({"format": 1, "results": documents}, indent=2)
