"""Standard streams of a run: only an answer that cannot be written ends the run."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class UnwritableError(BaseException):
    """Standard output takes no more bytes; the run ends, so no verb catches it."""

    def __init__(self, reason: str, *, is_closed: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_closed = is_closed
        """True if a pipe's reader has ended: no failure to report."""


class _Guarded(io.RawIOBase):
    """A file descriptor that fails at most once, and never for text beside the answer."""

    def __init__(self, raw: io.FileIO, *, is_answer: bool) -> None:
        super().__init__()
        self._raw, self._is_answer, self._is_lost = raw, is_answer, False

    def write(self, data: ReadableBuffer, /) -> int | None:
        """Write bytes; lost bytes count as written, or the buffer would offer them again at the end."""
        size = memoryview(data).nbytes
        if self._is_lost:
            return size
        try:
            return self._raw.write(data)
        except OSError as error:
            self._is_lost = True
            if not self._is_answer:
                return size
            reason = error.strerror or str(error)
            raise UnwritableError(reason, is_closed=isinstance(error, BrokenPipeError)) from None

    def writable(self) -> bool:
        """Return True: it can be written to."""
        return True

    def fileno(self) -> int:
        """Return the number of the descriptor."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """Return True if it is a terminal."""
        return self._raw.isatty()


def guard_streams() -> None:
    """Guard this run's own standard streams, and open those that its parent closed."""
    # Closed by whoever started it: nothing is heard then, and what is said goes nowhere.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115, PTH123 - it lives as long as the process
    sys.stdout = _guarded(sys.stdout, is_answer=True)
    sys.stderr = _guarded(sys.stderr, is_answer=False)


def _guarded(stream: TextIO | None, *, is_answer: bool) -> TextIO:
    if stream is None:
        return open(os.devnull, "w")  # noqa: PTH123 - it lives as long as the process
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    # A stream that somebody else put in the place of the standard one is theirs.
    raw = getattr(stream.buffer, "raw", stream.buffer)
    if type(stream) is not io.TextIOWrapper or not isinstance(raw, io.FileIO):
        stream.reconfigure(errors="backslashreplace")
        return stream
    encoding, line_buffering = stream.encoding, stream.line_buffering
    stream.flush()
    buffer: Any = stream.detach()
    if buffer is not raw:
        buffer.detach()
    guarded = io.BufferedWriter(_Guarded(raw, is_answer=is_answer))
    return io.TextIOWrapper(guarded, encoding, "backslashreplace", line_buffering=line_buffering)
