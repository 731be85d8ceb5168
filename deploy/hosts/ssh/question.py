"""A question to the person at the terminal, whose answer is not shown."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LOOK_SECONDS = 0.2
_LOCAL = 3
"""Place of the terminal's own modes among its attributes."""


class Question:
    """A question that may be asked in any thread: Ctrl-C, which another one hears, ends the wait."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._is_over = threading.Event()

    def terminate(self) -> None:
        """End the wait for the answer."""
        self._is_over.set()

    kill = terminate

    def answer(self) -> str:
        """Ask, and return the line that was typed; EOFError if the terminal ends before."""
        terminal = sys.stdin.fileno()
        self._ensure_wanted()
        with _hidden(terminal):
            sys.stderr.write(self._text)
            sys.stderr.flush()
            return self._line(terminal)

    def _line(self, terminal: int) -> str:
        line = b""
        while not line.endswith(b"\n"):
            while not select.select([terminal], [], [], LOOK_SECONDS)[0]:
                self._ensure_wanted()
            piece = os.read(terminal, 4096)
            if not piece:
                raise EOFError
            line += piece
        return line.decode(errors="replace").rstrip("\r\n")

    def _ensure_wanted(self) -> None:
        if self._is_over.is_set():
            raise KeyboardInterrupt


@contextmanager
def _hidden(terminal: int) -> Iterator[None]:
    """Show nothing of what is typed."""
    shown = termios.tcgetattr(terminal)
    silent = [*shown]
    silent[_LOCAL] &= ~termios.ECHO
    try:
        # What was typed before the question is thrown away.
        termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, shown)
        sys.stderr.write("\n")
        sys.stderr.flush()
