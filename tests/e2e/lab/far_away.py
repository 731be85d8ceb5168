"""Nothing to do on a box that is far away: the time and the round trips of kit, and those of ssh alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.lab.pair import APPLY, Pair
from tests.e2e.lab.person import USER
from tests.e2e.lab.slow_way import SlowWay, slow_way


@dataclass(frozen=True)
class Far:
    """An apply that had nothing to do."""

    seconds: float
    turns: int
    ssh_turns: int
    """Round trips of `ssh HOST true`."""


def nothing_to_do(pair: Pair, round_trip_seconds: float) -> Far:
    """Apply to the box alone over a long way, behind an apply to both; its plan must be empty."""
    pair.person.kit(*APPLY)
    with _long_way(pair, round_trip_seconds) as way:
        known = pair.person.files / "known_hosts"
        options = ("-F", "none", "-o", f"UserKnownHostsFile={known}", "-i", str(pair.box.folder / "key"))
        subprocess.run(["ssh", *options, "-p", str(way.port), f"{USER}@127.0.0.1", "true"], check=True)
    ssh_turns = way.round_trips
    # A way of its own: what ssh said last may still be on the other one.
    with _long_way(pair, round_trip_seconds) as way:

        def change(spec: dict[str, Any]) -> None:
            spec["hosts"]["box"] |= {"address": "127.0.0.1", "port": way.port}

        with pair.changed(change):
            ran = pair.person.kit(*APPLY, "--host", "box")
    operations = ran.document["hosts"]["box"]["plan"]["operations"]
    assert operations == [], operations
    return Far(ran.seconds, way.round_trips, ssh_turns)


@contextmanager
def _long_way(pair: Pair, round_trip_seconds: float) -> Iterator[SlowWay]:
    """Give a long way to the box, whose key the person knows there."""
    with (
        slow_way(pair.box, round_trip_seconds) as way,
        pair.person.knowing(f"[127.0.0.1]:{way.port} {pair.box.shown_key}"),
    ):
        yield way
