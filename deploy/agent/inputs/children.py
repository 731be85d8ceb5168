"""Child programs of an operation: their output goes to the journal, and none of them outlives the operation."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

KEPT_LINES = 60
PATIENCE_SECONDS = 10


class StoppedError(Exception):
    """The operation is over; this thread's part of it is cancelled."""

    def __init__(self) -> None:
        super().__init__("stopped, for another part failed or the run was interrupted")


@dataclass(frozen=True)
class Ended:
    """A program's exit code, with its last output lines."""

    status: int
    words: str


class Children:
    """Every program of one operation. `stop` ends them all, and every caller of `ensure_wanted`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def ensure_wanted(self) -> None:
        """Raise StoppedError once the operation is over."""
        if self._stopped:
            raise StoppedError

    def run(
        self,
        argv: list[str],
        environment: dict[str, str],
        hear: Callable[[str], None],
        take: Callable[[IO[bytes]], Any] | None = None,
        *,
        cwd: Path | None = None,
        inherited: Sequence[int] = (),
    ) -> Ended:
        """Run a program to its end: `hear` gets each line of stderr, `take` gets stdout.

        The program keeps the inherited descriptors open, so that a lock on one lasts as long as the program does.
        """
        process = self._start(argv, environment, cwd, inherited)
        said: deque[str] = deque(maxlen=KEPT_LINES)
        ear = threading.Thread(target=_listen, args=(process.stderr, said, hear), daemon=True)
        ear.start()
        output = process.stdout
        assert output is not None  # noqa: S101 - it was started with a pipe
        try:
            if take:
                take(output)
            while output.read(1 << 16):
                pass
            status = process.wait()
        finally:
            self._end(process)
        ear.join()
        self.ensure_wanted()
        return Ended(status, "\n".join(said))

    def stop(self) -> None:
        """End every program, first with SIGTERM, so that it unmounts and cleans up."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _signal(process, signal.SIGTERM)
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE_SECONDS)
            _signal(process, signal.SIGKILL)

    def _start(
        self, argv: list[str], environment: dict[str, str], cwd: Path | None, inherited: Sequence[int]
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            self.ensure_wanted()
            # A session of its own: one signal reaches the whole family, and a Ctrl-C at a terminal only the agent.
            process = subprocess.Popen(
                argv,
                env=environment,
                cwd=cwd,
                pass_fds=inherited,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            self._running.add(process)
        return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            _signal(process, signal.SIGTERM)
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
                process.wait()
        with self._lock:
            self._running.discard(process)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _listen(stream: IO[bytes], said: deque[str], hear: Callable[[str], None]) -> None:
    for raw in stream:
        line = raw.decode(errors="replace").rstrip()
        if line:
            said.append(line)
            hear(line)
