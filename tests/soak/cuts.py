"""Uploads whose engine is killed, and pulls whose library goes, at random bytes: the next apply goes on from there."""

from __future__ import annotations

import json

from tests.e2e.library import TAG
from tests.e2e.under_way import MIB, arrived, arriving, ranges, slow
from tests.e2e.workstation import CAPITALS, Workstation
from tests.soak.figures import Soak
from tests.waiting import wait_until

APPLY = ("apply", "--yes", "--json")
LOST = 2 * MIB
"""Bytes that an engine may ask for again: received, and not written yet."""


def uploads(soak: Soak, times: int) -> None:
    """Kill the engine so many times while a file arrives."""
    for _ in range(times):
        enough = soak.dice.randrange(MIB, soak.stack.library.size * 3 // 4)
        _upload(soak.stack, enough)
        soak.count("uploads cut off and finished", f"after {enough // MIB} MiB")


def _upload(stack: Workstation, enough: int) -> None:
    before, left, container = stack.engine.digests(), arriving(stack), stack.service("main").container
    stack.engine.delete(CAPITALS)
    with slow(container), stack.running(*APPLY) as process:
        wait_until(
            lambda: arrived(stack, left) > enough or process.poll() is not None,
            "it arrives",
            saw=lambda: arrived(stack, left),
        )
        container.kill("KILL")
        error = stack.ended(process, *APPLY, code=1).document["error"]
    assert "continues where this stopped" in error["next"], error
    stack.apply()
    assert stack.engine.digests() == before
    assert stack.is_settled


def pulls(soak: Soak, times: int) -> None:
    """Let the library go so many times while it is pulled from."""
    for _ in range(times):
        cut = soak.dice.randrange(MIB, soak.stack.library.size)
        again = _pull(soak.stack, cut)
        soak.count("pulls cut off and finished", f"at {cut // MIB} MiB, {again // MIB} MiB asked for afterwards")


def _pull(stack: Workstation, cut: int) -> int:
    before, size = stack.engine.digests(), stack.library.size
    stack.engine.delete("assistant", "commit-message", TAG)
    with stack.running(*APPLY) as process:
        with stack.library.open() as library:
            library.trouble.silent_from = cut
            wait_until(
                lambda: library.trouble.is_silent or process.poll() is not None,
                "it is silent",
                saw=lambda: ranges(library),
            )
        error = stack.ended(process, *APPLY, code=1).document["error"]
    assert "pulling" in error["problem"], error
    kept = sum(json.loads(note.read_text())["Completed"] for note in stack.blobs.glob("*-partial-*"))
    with stack.library.open() as library:
        stack.apply()
        again = sum(last - first + 1 for first, last in ranges(library))
    assert again <= size - kept, (again, size, kept)
    assert kept > cut - LOST, (kept, cut)
    assert stack.engine.digests() == before
    assert stack.is_settled
    return again
