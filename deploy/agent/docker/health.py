"""Waits for healthy containers: each has its own timeout, and a hopeless one ends the wait early."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.agent.contract.trials import declared, spoken
from deploy.agent.docker.api import Docker
from deploy.agent.docker.checks import health_now
from deploy.agent.docker.containers import described, of_stack, with_trials
from deploy.agent.docker.ends import RESTARTS, Ends, end_words, ends
from deploy.agent.docker.health_checks import STARTING
from deploy.agent.docker.logs import redacted_log, shown_log
from deploy.agent.errors import AgentError
from deploy.agent.interrupts import shielded
from deploy.agent.journal import Journal
from deploy.agent.line import Line

if TYPE_CHECKING:
    from deploy.agent.contract.containers import Described
    from deploy.agent.contract.releases import Healthy

HEALTH_SECONDS = 180.0
"""Timeout of a service for which the control node gives none."""
LOOK_SECONDS = 0.3
SAY_SECONDS = 2.0
CHECK_SECONDS = 1.0
"""Interval between two health checks of one service; a check costs 0.1 s of processor time."""
GONE_SECONDS = 3.0
"""Time in which a restart policy may bring an ended container up again."""


class UnhealthyError(AgentError):
    """A service did not get healthy."""

    def __init__(self, service: str, words: str, log: list[str]) -> None:
        name = declared(service)
        super().__init__(
            f"{spoken(service)} did not get healthy: {words}", str(Line("logs", name)), service=name, log=log
        )
        self.service = service
        self.words = words
        self.log = log

    def with_log(self) -> AgentError:
        """Return the same failure followed by the service's last log lines."""
        return AgentError(f"{self.problem}{shown_log(self.log)}", self.next_step, **self.details)


class Before(NamedTuple):
    """The moment before containers were made or started, and each one's number of restarts until then."""

    moment: float
    restarts: dict[str, int]


class Wait:
    """One wait for several services; restarts before it do not count."""

    def __init__(self, docker: Docker, root: Path, stack: str, limits: dict[str, float], before: Before) -> None:
        self._docker, self._root, self._stack = docker, root, stack
        self._limits, self._before = limits, before
        self._start = time.monotonic()
        self._gone: dict[str, float] = {}
        self._checked: dict[str, float] = {}
        self.healthy: dict[str, Healthy] = {}

    def until_healthy(self, journal: Journal) -> dict[str, Healthy]:
        """Return each service's container and seconds to healthy; raise UnhealthyError for the first hopeless one."""
        said = -SAY_SECONDS
        while True:
            listed = with_trials(self._docker.containers({"kit.stack": self._stack}), self._stack)
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
        return f"{spoken(service)} to be healthy: {self._seconds():.0f} s of at most {self._limits[service]:.0f} s"

    def _look(self, service: str, listed: dict[str, Any] | None) -> None:
        inspected = self._docker.container(listed["Id"]) if listed else None
        if inspected is None:
            raise UnhealthyError(service, "it has no container", [])
        seen = described(inspected)
        if seen["health"] == STARTING:
            seen["health"] = self._health(service, inspected)
        if _is_healthy(seen):
            self.healthy[service] = {"id": seen["id"], "health": seen["health"], "seconds": round(self._seconds(), 1)}
            return
        hopeless = self._hopeless(service, inspected, seen)
        if hopeless:
            raise UnhealthyError(service, hopeless, redacted_log(self._docker, self._root, seen["id"]))

    def _health(self, service: str, inspected: dict[str, Any]) -> str | None:
        # Docker's own first check comes after a whole interval.
        if self._seconds() - self._checked.get(service, -CHECK_SECONDS) < CHECK_SECONDS:
            return STARTING
        self._checked[service] = self._seconds()
        return health_now(self._docker, inspected)

    def _hopeless(self, service: str, inspected: dict[str, Any], seen: Described) -> str | None:
        memory = inspected["HostConfig"].get("Memory") or 0
        ended = self._ended(seen)
        if ended.times >= RESTARTS:
            return f"it ended {ended.times} times, the last time with {end_words(declared(service), ended, memory)}"
        if seen["state"] in ("exited", "dead", "created"):
            since = self._gone.setdefault(service, self._seconds())
            if self._seconds() - since >= GONE_SECONDS:
                return f"it ended with {end_words(declared(service), ended, memory)}"
        else:
            self._gone.pop(service, None)
        if self._seconds() > self._limits[service]:
            return (
                f"not within {self._limits[service]:.0f} s (`health_timeout`); it is {seen['health'] or seen['state']}"
            )
        return None

    def _ended(self, seen: Described) -> Ends:
        """Return the ends of a container since the wait began; called only for a container that ended."""
        # A start by hand sets the count back to zero, so that a lower one is no sign of peace.
        restarts = seen["restarts"] - self._before.restarts.get(seen["id"], 0)
        known = Ends(max(restarts, 0), seen["exit_code"], is_out_of_memory=False)
        if seen["state"] == "running" and not seen["restarts"]:
            return known
        last = ends(self._docker, self._stack, self._before.moment).get(seen["id"])
        return last._replace(times=max(last.times, restarts)) if last else known


def _is_healthy(seen: Described) -> bool:
    return seen["state"] == "running" and seen["health"] in (None, "healthy")


def restarts_before(docker: Docker, stack: str) -> Before:
    """Return this moment, and the number of restarts of each container of a stack."""
    moment = time.time()
    listed = of_stack(docker.containers({"kit.stack": stack}), stack).values()
    inspected = (docker.container(container["Id"]) for container in listed)
    return Before(
        moment, {container["Id"]: container["RestartCount"] for container in inspected if container is not None}
    )


def stop_container(docker: Docker, container: str) -> None:
    """Stop a container with the grace period of its release."""
    inspected = docker.container(container)
    if inspected is not None:
        # Docker goes on to stop it once it was asked: known to have stopped, it can be started again.
        with shielded():
            docker.stop(container, int(inspected["Config"].get("StopTimeout") or 10))
