"""The program's entry: until the command line is imported, Ctrl-C ends it without a trace."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys

UTF_8 = "PYTHONUTF8"
ADMINISTRATORS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Folders of programs that Docker and Debian's tools start; `su` leaves them out of root's PATH."""


def main() -> int:
    """Import the command line and run it; it has its own words for Ctrl-C."""
    # At its end Python would look through all that is loaded for garbage: a fifth of an apply without work.
    atexit.register(gc.freeze)
    _ensure_utf_8()
    _ensure_path()
    is_heard = signal.getsignal(signal.SIGINT) == signal.default_int_handler
    if is_heard:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from deploy.cli.main import main as run

    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()


def _ensure_utf_8() -> None:
    """Begin again if the locale has another encoding: all files and texts are UTF-8."""
    if sys.getfilesystemencoding() == "utf-8" or os.environ.get(UTF_8) == "1":
        return
    os.environ[UTF_8] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very program, begun again


def _ensure_path() -> None:
    """Add the folders of the administrator's programs at the end of PATH."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([*folders, *(folder for folder in ADMINISTRATORS if folder not in folders)])
