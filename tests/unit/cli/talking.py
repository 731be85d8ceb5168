"""A conversation at a terminal: the program in a process of its own, a person's keys, and what is shown."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from contextlib import suppress
from types import TracebackType

from tests.tree import REPOSITORY
from tests.waiting import PATIENCE_SECONDS

SCRIPT = """\
import sys
from contextlib import nullcontext
from deploy.chat.doors import Door
from deploy.cli.terminal.chatting import Chat, converse
from deploy.cli.failure import report
from deploy.cli.terminal.output import Output
try:
    door = Door("mac", "here", sys.argv[2], sys.argv[1], ("m",), None, is_managed=False)
    converse(Chat(Output(), door, "m", None, None, nullcontext))
except BaseException as error:
    sys.exit(report(error, as_json=False, verbose=False))
"""
CTRL_C, CTRL_D = "\x03", "\x04"
UNHEARD_SECONDS = 5


class Terminal:
    """A terminal with `kit run` in it."""

    def __init__(self, url: str, protocol: str = "ollama") -> None:
        self._terminal, inside = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, url, protocol],
            cwd=REPOSITORY,
            env={**os.environ, "TERM": "dumb"},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            # Ctrl-C is sent to the one whose terminal it is.
            preexec_fn=_own_terminal,
        )
        os.close(inside)
        self.shown = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._terminal, keys.encode())

    def say(self, line: str) -> None:
        """Wait to be asked, and type a line."""
        self.until(">>> ")
        self.type(f"{line}\n")

    def interrupted(self) -> int:
        """Press Ctrl-C until it is heard, which is only while a line is waited for; return the exit code."""
        self.until(">>> ")
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            self.type(CTRL_C)
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(0.5)
        raise AssertionError(f"it goes on after Ctrl-C: {self.shown!r}")

    def stopped_once(self, words: str) -> None:
        """Press Ctrl-C until words answer it: one that comes just as the line begins to be waited for is not heard."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            self.type(CTRL_C)
            with suppress(AssertionError):
                self.until(words, UNHEARD_SECONDS)
                return
        raise AssertionError(f"Ctrl-C is not answered: {self.shown!r}")

    def until(self, words: str, seconds: float = PATIENCE_SECONDS) -> str:
        """Wait until words are shown; return what was new, and forget it."""
        end = time.monotonic() + seconds
        while words not in self.shown:
            ready, _, _ = select.select([self._terminal], [], [], max(end - time.monotonic(), 0))
            assert ready, f"{words!r} is not in {self.shown!r}"
            self.shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", os.read(self._terminal, 4096).decode())
        seen, _, self.shown = self.shown.partition(words)
        return seen + words

    def ended(self) -> int:
        """Return the exit code."""
        return self._process.wait(PATIENCE_SECONDS)


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
