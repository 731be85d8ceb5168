"""`kit lock`: pins missing and chosen inputs, writes the file, and reports every difference."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.apply.event import Event
from deploy.decide.desired import lock_path
from deploy.errors import KitError
from deploy.lock.difference import Difference, differences, told
from deploy.lock.model import Lock, NewerLockError, read_lock
from deploy.lock.pinned import Pinned, Upgrade, upgrade_of
from deploy.lock.pinning import make_lock
from deploy.lock.text import lock_document, write_lock
from deploy.sources.weights.measured import Said
from deploy.spec.loading.loader import load_spec

OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class Renewed:
    """Result of pinning."""

    path: Path
    is_written: bool
    """True if the file has other bytes now."""
    differences: tuple[Difference, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """Return every difference in words."""
        return tuple(told(list(self.differences)))


def renew_lock(spec_path: Path, on_event: OnEvent, upgrade: Sequence[str] | None = None) -> Renewed:
    """Pin the missing inputs in kit.lock, and drop those that are no longer needed.

    Args:
        spec_path: the kit.yaml.
        on_event: told of each step.
        upgrade: names of pinned inputs to pin anew, empty for all of them; None keeps all of them.
    """
    spec, path = load_spec(spec_path), lock_path(spec_path)
    before = _earlier(path, spec_path, is_needed=upgrade is None or bool(upgrade))
    pinned = Pinned(before, Upgrade() if upgrade is None else upgrade_of(upgrade, spec, before))
    with contextlib.ExitStack() as steps:
        after = make_lock(spec, spec_path.parent, lambda step: _tell(step, on_event, steps), pinned)
    changes = differences(lock_document(before) if before else {}, lock_document(after))
    return Renewed(path, write_lock(after, path), tuple(changes))


def _earlier(path: Path, spec_path: Path, *, is_needed: bool) -> Lock | None:
    """Return the present lock; a damaged one is replaced only if everything is pinned anew, a newer one never."""
    if not path.exists():
        return None
    try:
        return read_lock(path, spec_path)
    except NewerLockError:
        raise
    except KitError:
        if is_needed:
            raise
        return None


def _tell(step: str, on_event: OnEvent, steps: contextlib.ExitStack) -> Said:
    steps.close()
    steps.enter_context(_told(step, on_event))

    def said(text: str, done: int, total: int | None) -> None:
        on_event(Event(step, "progress", text, done or None, total, host=""))

    return said


@contextlib.contextmanager
def _told(step: str, on_event: OnEvent) -> Iterator[None]:
    on_event(Event(step, "start", host=""))
    try:
        yield
    except Exception:
        on_event(Event(step, "failed", host=""))
        raise
    except BaseException:
        on_event(Event(step, "interrupted", host=""))
        raise
    on_event(Event(step, "done", host=""))
