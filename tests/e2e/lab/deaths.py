"""One box of three loses its power after an apply's step 1, 2, 3, …: no mixed state, and the next apply converges."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.e2e.lab.host import LabHost, lab_host
from tests.e2e.lab.kill_points import has_told, points
from tests.e2e.lab.pair import APPLY, Pair
from tests.e2e.lab.person import opened_for_person
from tests.waiting import COSTLY_LOOK_SECONDS, wait_until

LONGEST_SECONDS = 300


def deaths_of(pair: Pair, every: int) -> Iterator[tuple[int, str]]:
    """Let a third box die after each so-many-th step and the next apply converge; yield the step and what was said."""
    with third_box(pair) as third:
        yield from points(pair, every, partial(dead_after, pair, third), third)


@contextmanager
def third_box(pair: Pair) -> Iterator[LabHost]:
    """Give the person a third box with an engine of its own, for the length of the block."""
    with (
        tempfile.TemporaryDirectory(prefix="kit-third-") as folder,
        lab_host("bookworm", "systemd", Path(folder), *pair.network.words(13)) as host,
        pair.person.knowing(f"{host.address} {host.shown_key}"),
    ):
        place = opened_for_person(host)

        def with_third(spec: dict[str, Any]) -> None:
            spec["hosts"]["third"] = place
            # Its port belongs to the edge before it, as each gateway expects of an engine elsewhere.
            spec["engines"].append({"name": "third", "kind": "ollama", "host": "third", "publish": host.address})

        with pair.changed(with_third), pair.person.locked_anew():
            pair.apply()
            yield host


def dead_after(pair: Pair, third: LabHost, step: int) -> str:
    """Apply, and let the box die once so many steps were told; return the error, empty if the apply ended before."""
    with pair.person.running(*APPLY) as process:
        if not has_told(process, step) or process.poll() is not None:
            return ""
        third.lose_power()
        try:
            out, err = process.communicate(timeout=LONGEST_SECONDS)
        finally:
            third.boot()

    def seen() -> str:
        return third.run("docker", "ps").stderr

    wait_until(lambda: not seen(), "its Docker runs", saw=seen, pause=COSTLY_LOOK_SECONDS)
    if process.returncode == 0:
        return ""
    assert process.returncode == 1, out + err
    assert "third: " in err + out
    return next(line for line in err.splitlines() if line.startswith("error: "))
