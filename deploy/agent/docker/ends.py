"""Reasons for containers' ends, from Docker's events: a container that restarts at once never shows its exit code."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.agent.docker.api import Docker
from deploy.agent.docker.logs import can_redact, redacted_log

if TYPE_CHECKING:
    from deploy.agent.contract.containers import Trouble

KILLED = 137
END, OUT_OF_MEMORY = "die", "oom"
RESTARTS = 2
"""Number of ends in a row that can no longer be an accident."""
RECENT_SECONDS = 3600.0
LAST_LINES = 5


class Ends(NamedTuple):
    """The number of one container's ends, and its last exit code."""

    times: int
    code: int
    is_out_of_memory: bool


def ends(docker: Docker, stack: str, since: float) -> dict[str, Ends]:
    """Return Docker's events of a stack's containers since a moment, by container id."""
    by_container: dict[str, Ends] = {}
    short: set[str] = set()
    for event in docker.events((END, OUT_OF_MEMORY), {"kit.stack": stack}, since):
        container = event["Actor"]["ID"]
        if event["Action"] == OUT_OF_MEMORY:
            short.add(container)
            continue
        times = by_container[container].times if container in by_container else 0
        code = int(event["Actor"]["Attributes"].get("exitCode") or 0)
        by_container[container] = Ends(times + 1, code, is_out_of_memory=False)
    # The two events of one end come in any order.
    return {
        name: last._replace(is_out_of_memory=name in short and last.code == KILLED)
        for name, last in by_container.items()
    }


def end_words(service: str, last: Ends, memory_bytes: int) -> str:
    """Describe the end of a container that should run, and the remedy if it is known."""
    if last.code != KILLED:
        return code_words(last.code)
    limit = f"its memory limit of {memory_bytes / 2**20:.0f} MiB" if memory_bytes else "the memory available to it"
    why = "it needs more than" if last.is_out_of_memory else "it was killed, probably because it needs more than"
    return f"exit code {KILLED}: {why} {limit}; raise `memory` of {service} in kit.yaml"


def code_words(code: int) -> str:
    """Describe an exit code, with the signal that it stands for."""
    names = {number.value: number.name for number in signal.Signals}
    name = names.get(code - 128)
    return f"exit code {code}" + (f" ({name})" if name else "")


def troubles(docker: Docker, root: Path, stack: str, inspected: dict[str, dict[str, Any]]) -> dict[str, Trouble]:
    """Return for each service that does not stay up its reason and last lines; nothing for healthy services."""
    suspects = {name: container for name, container in inspected.items() if _may_keep_ending(container)}
    seen = ends(docker, stack, time.time() - RECENT_SECONDS) if suspects else {}
    reasons: dict[str, Trouble] = {}
    for name, container in suspects.items():
        last = seen.get(container["Id"])
        if last is None and container["State"]["Status"] == "restarting":
            last = Ends(1, container["State"]["ExitCode"], bool(container["State"].get("OOMKilled")))
        if last is None:
            continue
        words = end_words(name, last, container["HostConfig"].get("Memory") or 0)
        # A value that root alone may read cannot be taken out of a log by anybody else.
        log = (
            redacted_log(docker, root, container["Id"], LAST_LINES) if last.code != KILLED and can_redact(root) else []
        )
        reasons[name] = {"trouble": f"keeps ending, with {words}", "log": log}
    return reasons


def _may_keep_ending(container: dict[str, Any]) -> bool:
    state = container["State"]
    health = (state.get("Health") or {}).get("Status")
    is_up = state["Status"] == "running" and health not in ("starting", "unhealthy")
    return bool(container["RestartCount"] >= RESTARTS and state["Status"] in ("running", "restarting") and not is_up)
