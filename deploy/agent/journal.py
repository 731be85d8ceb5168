"""Progress of an operation, as JSON lines in the host's journal; the hold streams them to the control node."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.agent.remembered import append_line


class Journal:
    """Appends lines to `<root>/run/journal.jsonl`; without a run id (a reading verb) it writes nothing."""

    def __init__(self, root: str, run: str) -> None:
        self.path = Path(root) / "run" / "journal.jsonl"
        self.run = run
        self._steps = threading.local()
        if run:
            self.path.parent.mkdir(parents=True, exist_ok=True)

    def say(self, text: str, done: int | None = None, total: int | None = None) -> None:
        """Write the present activity and its progress."""
        self._write("progress", self._step, text, done, total)

    def voice(self) -> Callable[..., None]:
        """Return a `say` for another thread that stays in this thread's step."""
        step = self._step
        return lambda text, done=None, total=None: self._write("progress", step, text, done, total)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Write the start and the end of a named step; steps of different threads stay apart."""
        outer, started = self._step, time.monotonic()
        self._steps.name = name
        self._write("start", name, "")
        try:
            yield
        except Exception as problem:
            # A full disk, also the journal's, must not hide the failure itself.
            with suppress(OSError):
                self._write("failed", name, str(problem) or type(problem).__name__)
            raise
        except BaseException:
            with suppress(OSError):
                self._write("interrupted", name, "")
            raise
        else:
            self._write("done", name, f"{time.monotonic() - started:.1f} s")
        finally:
            self._steps.name = outer

    @property
    def _step(self) -> str:
        return getattr(self._steps, "name", "")

    def _write(self, state: str, step: str, text: str, done: int | None = None, total: int | None = None) -> None:
        if not self.run:
            return
        line = {"time": time.time(), "run": self.run, "step": step, "state": state, "text": text}
        line |= {"done": done, "total": total}
        append_line(self.path, line)
