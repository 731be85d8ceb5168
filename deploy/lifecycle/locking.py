"""`kit lock`: resolves anew, writes the file, and says in words what became different."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.apply.story import Event
from deploy.desired import lock_path
from deploy.errors import KitError
from deploy.lifecycle.held import OnEvent
from deploy.lock.model import Lock, read_lock
from deploy.lock.pinning import make_lock
from deploy.lock.text import write_lock
from deploy.lock.weights import Said
from deploy.spec.loader import load_spec


def renew_lock(spec_path: Path, on_event: OnEvent) -> tuple[str, ...]:
    """Write the lock of a spec and return what changed in it; nothing where it is as it was."""
    spec, path = load_spec(spec_path), lock_path(spec_path)
    before = None
    # A lock that cannot be read any more is what this verb is there to mend.
    with contextlib.suppress(KitError):
        before = read_lock(path)
    with contextlib.ExitStack() as steps:
        after = make_lock(spec, spec_path.parent, lambda step: _tell(step, on_event, steps))
    if before == after:
        return ()
    write_lock(after, path)
    return tuple(differences(before, after))


def _tell(step: str, on_event: OnEvent, steps: contextlib.ExitStack) -> Said:
    steps.close()
    steps.enter_context(_told(step, on_event))

    def said(text: str, done: int, total: int | None) -> None:
        on_event(Event(step, "progress", text, done or None, total))

    return said


@contextlib.contextmanager
def _told(step: str, on_event: OnEvent) -> Iterator[None]:
    on_event(Event(step, "start"))
    try:
        yield
    except Exception:
        on_event(Event(step, "failed"))
        raise
    except BaseException:
        on_event(Event(step, "interrupted"))
        raise
    on_event(Event(step, "done"))


def differences(before: Lock | None, after: Lock) -> Iterator[str]:
    """Say what a newer lock has that the older one had not, or had otherwise."""
    old, new = (_versions(before) if before else {}), _versions(after)
    for owner in sorted(old.keys() | new.keys()):
        yield from _owner(owner, old.get(owner), new.get(owner))
    if before and before.kit != after.kit and old == new:
        yield f"kit {before.kit} -> {after.kit}"


def _owner(owner: str, old: dict[str, str] | None, new: dict[str, str] | None) -> Iterator[str]:
    if new is None:
        yield f"{owner}: no longer needed"
    elif old is None:
        count = len(new)
        yield f"{owner}: {count} package{'s' if count != 1 else ''}" if count else f"{owner}: locked"
    else:
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                yield f"{owner}: {name} {old.get(name, 'new')} -> {new.get(name, 'gone')}"


def _versions(lock: Lock) -> dict[str, dict[str, str]]:
    images = {f"image {kind}": _packages(image) for kind, image in lock.images.items()}
    return images | {f"model {name}": _packages(model) for name, model in lock.models.items()}


def _packages(locked: Any) -> dict[str, str]:
    return {wheel.name: wheel.version for wheel in getattr(locked, "wheels", ())}
