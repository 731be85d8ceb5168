"""The agent's verbs, and where the operation of each is."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal

# The contract has the types of each verb; a function is known by its name here, so that only the asked one is loaded.
Operation = Callable[[Any, Journal], Any]
VERBS = {
    "probe": "observing.probe",
    "docker": "docker.floors",
    "addresses": "observing.addresses",
    "cards": "observing.gpus",
    "hold": "keep_hold",
    "late": "late",
    "firewall": "firewall.keep",
    "place": "releases.place",
    "image": "inputs.image",
    "layers": "inputs.give_image:layers",
    "give_image": "inputs.give_image",
    "take_image": "inputs.take_image",
    "models": "sources.models",
    "sync": "engines.sync",
    "engine": "engines.acts",
    "secrets": "stack.secrets",
    "converge": "releases.converge",
    "roll_back": "releases.back",
    "collect": "releases.collect",
    "copy": "data.copy",
    "put_back": "data.put_back",
    "back_up": "backups.take",
    "backups": "backups.snapshots",
    "restore": "backups.restore",
    "backed_up_spec": "backups.spec",
    "give_repository": "backups.carried:give",
    "take_repository": "backups.carried:take",
    "diff_backups": "backups.difference",
    "drill": "backups.drill",
    "check_backups": "backups.check",
    "bridge": "bridge.folders",
    "watch_bridge": "bridge.watch",
    "edit_database": "bridge.edit",
    "give_database": "bridge.edit:give",
    "add": "bridge.add",
    "accept": "releases.accept",
    "settle": "releases.accept:settle",
    "room": "room_operation",
    "secret": "stack.secrets:read",
    "lend": "stack.secrets:lend",
    "stop": "releases.running:stop",
    "start": "releases.running:start",
    "restart": "releases.running:restart",
    "down": "releases.remove:down",
    "destroy": "releases.remove:destroy",
    "clean": "releases.clean",
    "applied": "releases.applied",
    "rendered": "releases.rendered",
    "remains": "releases.applied:remains",
    "logs": "docker.printed",
    "evidence": "observing.evidence",
    "knock": "observing.knock",
    "units": "releases.units",
    "watch": "watch.look",
    "job": "job",
    "relay": "relay",
}
STREAMS = ("logs", "watch_bridge")
"""Verbs whose answer is a stream on standard output, so that an error goes to the other one."""
FRAMED = ("give_image", "give_database", "give_repository")
"""Verbs whose answer is a stream in frames; an error follows it on standard output."""
# They only look, or see to the hold themselves; every other verb is refused to whoever does not hold the host.
LOOKING = (
    *("probe", "docker", "addresses", "cards", "applied", "rendered", "remains", "evidence", "secret", "lend"),
    *("layers", "relay", "knock", "backups", "diff_backups", "backed_up_spec", "bridge"),
    *STREAMS,
    *FRAMED,
)
UNHELD = (*LOOKING, "hold", "room", "engine", "clean", "job")


def operation_of(verb: str) -> Operation:
    """Return the operation of a verb, loaded; raise AgentError for an unknown verb."""
    if verb not in VERBS:
        raise AgentError(f"the agent has no verb {verb!r}", f"use one of {', '.join(VERBS)}", 2)
    name, _, function = VERBS[verb].partition(":")
    operation: Operation = getattr(import_module(f"deploy.agent.{name}"), function or "run")
    return operation
