"""Where the program begins: until the command line is imported, Ctrl-C ends it without a trace."""

from __future__ import annotations

import signal


def main() -> int:
    """Import the command line and run it; it has its own words for Ctrl-C."""
    is_heard = signal.getsignal(signal.SIGINT) == signal.default_int_handler
    if is_heard:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from deploy.cli.main import main as run

    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()
