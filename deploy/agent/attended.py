"""A verb that somebody waits for: it ends once the asker is gone, be it by Ctrl-C or by a lost connection.

Over SSH no signal arrives. What arrives is the end of standard input, which the asker keeps open until the answer came.
Ansible closes it at once; the asker's run is gone then when it has lost the hold.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from pathlib import Path

from deploy.agent.holder import current_holder

GRACE_SECONDS = 0.5
LOOK_SECONDS = 1.0


def attend() -> None:
    """Interrupt this agent as soon as its standard input is closed."""
    threading.Thread(target=_interrupt_when_left, daemon=True).start()


def follow_hold(root: Path, run: str) -> None:
    """Interrupt this agent as soon as its run does not hold the host any more."""
    threading.Thread(target=_interrupt_when_lost, args=(root, run), daemon=True).start()


def _interrupt_when_lost(root: Path, run: str) -> None:
    while (current_holder(root) or {}).get("run") == run:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _interrupt_when_left() -> None:
    # Only hang-ups are waited for: no byte is taken from a verb that reads its standard input.
    ends = select.poll()
    ends.register(sys.stdin.fileno(), select.POLLHUP | select.POLLRDHUP)
    ends.poll()
    # A verb that reads a stream sees the same end, and says better what is missing.
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
