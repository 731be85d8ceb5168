"""Tells where the control node looks at a host by itself: only the transport to this machine may, and the agent there.

The interpreter's audit events say what is opened, connected to and started; a look at a path alone raises none, so the
functions of `os` that do it are wrapped.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

HOSTS_OWN = (
    "/opt/kit",
    "/srv/kit",
    "/var/cache/kit",
    "/proc/",
    "/sys/",
    "/etc/docker",
    "/var/run/docker",
    "/run/docker",
)
PROGRAMS = frozenset({"docker", "dockerd", "systemctl", "journalctl", "ip", "ss", "ps"})
OPENING = ("deploy.hosts.local", "deploy.cli.verbs.folder")
"""The transport to this machine; and the folder that a person names for `render`, wherever that is."""
TALKING = ("deploy.registries", "deploy.chat.wire", "deploy.hosts.ssh.multiplex")
"""They ask registries, the addresses of engines and gateways that a person chats with, and this run's own ssh."""
LOOKING = ("stat", "lstat", "readlink", "access")


class LookedByItselfError(BaseException):
    """Not an Exception: nothing that treats a missing file as normal may swallow it."""


class Guard:
    """Actions of the control node on a host by itself, while it is watched."""

    def __init__(self) -> None:
        self.is_on = False
        self.found: list[str] = []
        self.played: set[str] = set()
        """Folders in which a test plays a host: they are the host's own as well."""
        self.forwarded: set[object] = set()
        """Addresses and sockets that a transport has forwarded: anybody may connect to them."""

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Judge one audit event."""
        if not self.is_on:
            return
        if event in ("open", "os.listdir", "os.scandir"):
            self.judge_path(arguments[0])
        elif event == "socket.connect":
            # IPv6 has a flow and a scope behind address and port.
            place = arguments[1][:2] if isinstance(arguments[1], tuple) else arguments[1]
            if place not in self.forwarded:
                self.judge(f"connects to {place}", TALKING)
        elif event == "subprocess.Popen" and os.path.basename(os.fspath(arguments[0])) in PROGRAMS:  # noqa: PTH119
            self.judge(f"starts {arguments[0]!r}")

    def judge_path(self, path: object) -> None:
        """Judge a path that is opened or looked at."""
        if isinstance(path, str | os.PathLike) and str(path).startswith((*HOSTS_OWN, *self.played)):
            self.judge(f"looks at {path}")

    def judge(self, what: str, allowed: tuple[str, ...] = OPENING) -> None:
        """Raise where a module of the control node did it, and neither the transport nor an agent that a test plays."""
        module = culprit(sys._getframe(1))
        if module is not None and not module.startswith(allowed):
            self.found.append(f"{module} {what}")
            raise LookedByItselfError(self.found[-1])


def culprit(frame: FrameType | None) -> str | None:
    """Return the module of the control node that is at work; None if a test itself plays the agent or looks."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        is_agent = name.startswith("deploy.agent") or (name.startswith("deploy.components.") and ".agent" in name)
        if name.startswith("deploy.") and not is_agent:
            return name
        if name.startswith("tests.") and name != __name__:
            return None
        frame = frame.f_back
    return None


GUARD = Guard()
sys.addaudithook(GUARD.hear)


@contextmanager
def guarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Watch the control node; give the list of what it does by itself."""
    for name in LOOKING:
        monkeypatch.setattr(os, name, _watched(getattr(os, name)))
    GUARD.found.clear()
    GUARD.is_on = True
    try:
        yield GUARD.found
    finally:
        GUARD.is_on = False
        GUARD.played.clear()
        GUARD.forwarded.clear()


def _watched(function: Callable[..., Any]) -> Callable[..., Any]:
    def watched(path: Any, *more: Any, **named: Any) -> Any:
        if GUARD.is_on:
            GUARD.judge_path(path)
        return function(path, *more, **named)

    return watched
