"""One SSH connection to a host, shared by everything that a command does there.

The system's OpenSSH makes it. Its settings are in a file of the kit's own, which ends with the person's ~/.ssh/config.
A first value wins: a person's aliases, agents and jumps hold; the connection stays the kit's own.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from deploy.deployment.way import Way
from deploy.hosts.ssh import multiplex
from deploy.hosts.ssh.troubles import is_passing, needs_more_words, no_ssh, ssh_trouble

CONNECT_SECONDS = 10
IDLE_SECONDS = 60
"""Lifetime of an unused connection, should kit be killed."""
LOOK_SECONDS = 0.01
_SHARED = ("-o", "ControlMaster=yes", "-o", f"ControlPersist={IDLE_SECONDS}")
"""Options of the ssh that opens the shared connection, which goes on in the background."""
_EVERYWHERE = {
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",
    "ConnectTimeout": str(CONNECT_SECONDS),
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "6",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "PermitLocalCommand": "no",
    "RequestTTY": "no",
}
"""Settings for the host and for those that the connection goes through."""
_QUIET = {"SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"}
"""Variables that keep ssh from opening a window, and its words in one language."""


class Session(subprocess.Popen[bytes]):
    """A command at the end of a connection: no signal reaches it, so its closed standard input tells it to end."""

    is_opener = False
    """True if its ssh opens the shared connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.begun = time.time()
        super().__init__(*arguments, **options)

    def terminate(self) -> None:
        """Close the standard input of the command."""
        if self.stdin is not None:
            with contextlib.suppress(OSError):
                self.stdin.close()
            self.stdin = None


class Connection:
    """The connection to one host; it is opened by the first use."""

    def __init__(self, way: Way, folder: Path) -> None:
        self.way = way
        self._folder = folder
        self._settings = folder / f"{way.name}.conf"
        self._socket = folder / way.name
        self._lock = threading.Lock()
        self._opener: Session | None = None
        """Session whose ssh opens the connection; another one waits for it."""
        self._sockets = 0

    @property
    def settings(self) -> Path:
        """The file of ssh's settings for this host."""
        if not self._settings.exists():
            written = self._settings.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
            written.write_text(settings_text(self.way, self._socket))
            written.replace(self._settings)
        return self._settings

    def session(self, command: str) -> Session:
        """Start a command on the host; where the connection is not open, the ssh of the command opens it.

        An ssh that only opened it would cost one more program and one more wait.
        """
        with self._lock:
            is_open = self._is_open()
            if not is_open:
                # A dead connection's socket would keep the new one from being shared.
                self._socket.unlink(missing_ok=True)
            session = self._started(command, () if is_open else _SHARED)
            if not is_open:
                session.is_opener = True
                self._opener = session
            return session

    def ensure_open(self, said: str | None = None) -> None:
        """Open the connection unless it is open; `said` is what ssh printed if it has just failed to."""
        with self._lock:
            if not self._is_open():
                self._open(said)

    @contextlib.contextmanager
    def forward(self, local: str, remote: str) -> Iterator[None]:
        """Lead an address or a socket here to one of the host."""
        self.ensure_open()
        words = ("-L", f"{local}:{remote}")
        answer = self._tell("forward", *words)
        if answer.returncode:
            raise ssh_trouble(self.way, answer.stderr.decode(errors="replace"))
        try:
            yield
        finally:
            self._tell("cancel", *words)

    def free_socket(self) -> str:
        """Return the path of a new socket here, to be led to one of the host."""
        self._sockets += 1
        return str(self._folder / f"{self.way.name}.{os.getpid()}.{self._sockets}")

    def close(self) -> None:
        """End the connection with everything that goes over it."""
        if self._socket.exists() and not multiplex.end(self._socket):
            self._tell("exit")

    def _is_open(self) -> bool:
        while self._opener is not None and self._opener.poll() is None and not self._socket.exists():
            time.sleep(LOOK_SECONDS)
        # It makes no second socket: one that is removed later is not waited for, however long its command takes.
        self._opener = None
        return self._socket.exists() and multiplex.is_alive(self._socket)

    def _started(self, command: str, options: Sequence[str]) -> Session:
        try:
            # A session of its own: Ctrl-C reaches the CLI alone.
            return Session(
                [*self._ssh(), *options, "-T", self.way.address, command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **_QUIET},
                start_new_session=True,
            )
        except FileNotFoundError:
            raise no_ssh() from None

    def _open(self, said: str | None) -> None:
        if said is None:
            said = self._connected()
        if said is not None and is_passing(said):
            said = self._connected()
        if said is not None and needs_more_words(said):
            said = self._connected("-v") or said
        if said is not None:
            raise ssh_trouble(self.way, said)

    def _connected(self, *more: str) -> str | None:
        """Connect, and return None; or return what ssh said of its failure."""
        self._socket.unlink(missing_ok=True)
        # The connection stays, and so would a pipe that it inherits.
        with (self._folder / f"{self.way.name}.log").open("w+b") as log:
            status = self._run([*self._ssh(), *more, *_SHARED, "-N", "-f", self.way.address], log).returncode
            log.seek(0)
            return log.read().decode(errors="replace") if status else None

    def _tell(self, command: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        return self._run([*self._ssh(), "-O", command, *words, self.way.address], subprocess.PIPE)

    def _run(self, argv: Sequence[str], errors: int | IO[bytes]) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, **_QUIET},
                check=False,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise no_ssh() from None

    def _ssh(self) -> list[str]:
        return ["ssh", "-F", str(self.settings)]


def settings_text(way: Way, socket: Path) -> str:
    """Return ssh's settings for a host, those of a person behind them."""
    own = {
        "User": way.user,
        "Port": str(way.port or ""),
        "IdentityFile": way.identity and f'"{way.identity}"',
        "IdentitiesOnly": "yes" if way.identity else "",
        "ProxyJump": way.jump,
        "ControlPath": str(socket),
        "RemoteCommand": "none",
    }
    lines = [f"Host {way.address}", *(f"  {name} {value}" for name, value in own.items() if value)]
    lines += ["Host *", "  ControlMaster no", *(f"  {name} {value}" for name, value in _EVERYWHERE.items())]
    lines += ["Match all", "  Include ~/.ssh/config", "  Include /etc/ssh/ssh_config"]
    return "\n".join(lines) + "\n"
