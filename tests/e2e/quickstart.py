"""The quickstart's stack on this machine, for scenarios and for a soak."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.e2e.evidence import Evidence
from tests.e2e.place import Place
from tests.e2e.stack import Stack


@contextmanager
def prepared_quickstart(evidence: Evidence, keep: bool) -> Iterator[Stack]:
    """Give the stack, not applied; one that was kept is taken over with what it has."""
    stack = Stack(Place(), evidence)
    try:
        if not (keep and stack.place.reuse()):
            stack.place.prepare()
            stack.destroy()
        yield stack
    finally:
        with suppress(Exception):
            stack.keep_logs()
        if not keep:
            stack.place.mend()
            stack.destroy()
