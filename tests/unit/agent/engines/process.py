"""A double in a process of its own, which can be killed; a thread cannot."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.tree import REPOSITORY
from tests.waiting import PATIENCE_SECONDS, wait_until


class Process:
    """One address and one folder of models, whoever serves them."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.models = folder / "models"
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, and return once somebody answers."""
        environment = {
            **os.environ,
            "OLLAMA_HOST": f"127.0.0.1:{self.port}",
            "OLLAMA_MODELS": str(self.models),
        }
        self._running = subprocess.Popen(
            [sys.executable, "-m", "tests.doubles.ollama", "serve"],
            cwd=REPOSITORY,
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers, "the double answers", saw=lambda: f"nothing on port {self.port}")

    def _answers(self) -> bool:
        assert self._running is not None
        assert self._running.poll() is None, "the double has ended"
        try:
            socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """Kill it as nothing can be caught."""
        if self._running is not None:
            self._running.send_signal(signal.SIGKILL)
            self._running.wait()
            self._running = None
