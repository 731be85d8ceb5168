"""Waiting for containers to be healthy: each with its own limit, and no longer than there is hope."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import described, of_stack
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal

LOOK_SECONDS = 0.3
SAY_SECONDS = 2.0
RESTARTS = 2
LOG_LINES = 30
GONE_SECONDS = 3.0
"""A container that ended may be on its way up again by its restart policy."""


class UnhealthyError(AgentError):
    """A service did not get healthy."""

    def __init__(self, service: str, words: str, log: list[str]) -> None:
        super().__init__(f"{service} did not get healthy: {words}", f"kit logs {service}", service=service, log=log)
        self.service = service
        self.words = words
        self.log = log


class Wait:
    """One wait for several services; restarts from before it count for nothing."""

    def __init__(
        self, docker: Docker, root: Path, stack: str, limits: dict[str, float], before: dict[str, int]
    ) -> None:
        self._docker, self._root, self._stack = docker, root, stack
        self._limits, self._before = limits, before
        self._start = time.monotonic()
        self._gone: dict[str, float] = {}
        self._codes: dict[str, int] = {}
        self.healthy: dict[str, dict[str, Any]] = {}

    def until_healthy(self, journal: Journal) -> dict[str, dict[str, Any]]:
        """Return each service's container and the seconds it took; raise UnhealthyError for the first without hope."""
        said = -SAY_SECONDS
        while True:
            listed = of_stack(self._docker.containers({"kit.stack": self._stack}), self._stack)
            for service in self._waiting():
                self._look(service, listed.get(service))
            if not self._waiting():
                return self.healthy
            if self._seconds() - said >= SAY_SECONDS:
                said = self._seconds()
                journal.say("waiting for " + ", ".join(map(self._words, self._waiting())))
            time.sleep(LOOK_SECONDS)

    def _waiting(self) -> list[str]:
        return [service for service in self._limits if service not in self.healthy]

    def _seconds(self) -> float:
        return time.monotonic() - self._start

    def _words(self, service: str) -> str:
        return f"{service} to be healthy: {self._seconds():.0f} s of at most {self._limits[service]:.0f} s"

    def _look(self, service: str, listed: dict[str, Any] | None) -> None:
        inspected = self._docker.container(listed["Id"]) if listed else None
        if inspected is None:
            raise UnhealthyError(service, "it has no container", [])
        seen = described(inspected)
        if _is_healthy(seen):
            self.healthy[service] = {"id": seen["id"], "health": seen["health"], "seconds": round(self._seconds(), 1)}
            return
        hopeless = self._hopeless(service, seen)
        if hopeless:
            raise UnhealthyError(service, hopeless, redacted_log(self._docker, self._root, seen["id"]))

    def _hopeless(self, service: str, seen: dict[str, Any]) -> str | None:
        if seen["exit_code"]:
            self._codes[service] = seen["exit_code"]
        restarts = seen["restarts"] - self._before.get(seen["id"], 0)
        if restarts >= RESTARTS:
            code = self._codes.get(service)
            return f"it ended {restarts} times" + (f", with {_code_words(code)}" if code else "")
        if seen["state"] in ("exited", "dead", "created"):
            since = self._gone.setdefault(service, self._seconds())
            if self._seconds() - since >= GONE_SECONDS:
                return f"it ended with {_code_words(seen['exit_code'])}"
        else:
            self._gone.pop(service, None)
        if self._seconds() > self._limits[service]:
            return (
                f"not within {self._limits[service]:.0f} s (`health_timeout`); it is {seen['health'] or seen['state']}"
            )
        return None


def _code_words(code: int) -> str:
    return f"exit code {code}" + (" (killed, as a program is that needs more than its `memory`)" if code == 137 else "")


def _is_healthy(seen: dict[str, Any]) -> bool:
    return seen["state"] == "running" and seen["health"] in (None, "healthy")


def redacted_log(docker: Docker, root: Path, container: str, lines: int = LOG_LINES) -> list[str]:
    """Return a container's last lines without the values of any secret: it may have been told those of others."""
    text = "\n".join(docker.logs(container, lines)[-lines:])
    for path in sorted((root / "secrets").glob("*/*")):
        value = path.read_text(errors="replace").strip()
        text = text.replace(value, "[redacted]") if value else text
    return text.splitlines()


def restarts_before(docker: Docker, stack: str) -> dict[str, int]:
    """Return how often each container of a stack has restarted until now."""
    found = of_stack(docker.containers({"kit.stack": stack}), stack).values()
    inspected = (docker.container(one["Id"]) for one in found)
    return {one["Id"]: one["RestartCount"] for one in inspected if one is not None}


def stop_container(docker: Docker, container: str) -> None:
    """Stop a container with the grace that its release gives it."""
    inspected = docker.container(container)
    if inspected is not None:
        docker.stop(container, int(inspected["Config"].get("StopTimeout") or 10))
