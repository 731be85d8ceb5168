"""`python3 agent.pyz VERB`: one JSON request on standard input, one JSON document on standard output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from typing import Any, Optional

from deploy.agent.errors import FAILED, AgentError, Interrupted
from deploy.agent.holder import working
from deploy.agent.interrupts import listen
from deploy.agent.journal import Journal
from deploy.agent.line import called_as

FORMAT = 1
# Evaluated when the module is loaded, and Python 3.9 knows no `|` between types.
Operation = Callable[[dict[str, Any], Journal], Optional[dict[str, Any]]]
VERBS = {
    "probe": "observing.probe",
    "docker": "docker.floors",
    "addresses": "observing.addresses",
    "digests": "inputs.digests",
    "hold": "hold",
    "late": "late",
    "place": "releases.place",
    "image": "inputs.image",
    "models": "inputs.models",
    "sync": "engines.sync",
    "engine": "engines.acts",
    "secrets": "stack.secrets",
    "converge": "releases.converge",
    "collect": "releases.collect",
    "copy": "data.copy",
    "put_back": "data.put_back",
    "accept": "releases.accept",
    "room": "room",
    "secret": "stack.secrets:read",
    "stop": "releases.running:stop",
    "start": "releases.running:start",
    "restart": "releases.running:restart",
    "down": "releases.remove:down",
    "destroy": "releases.remove:destroy",
    "clean": "releases.clean",
    "applied": "releases.applied",
    "remains": "releases.applied:remains",
    "logs": "docker.printed",
}
STREAMS = ("logs",)
"""Verbs whose answer is a stream on standard output, so that an error goes to the other one."""
# They only look, or see to the hold themselves; every other verb is refused to whoever does not hold the host.
LOOKING = ("probe", "docker", "addresses", "digests", "applied", "remains", "secret", *STREAMS)
UNHELD = (*LOOKING, "hold", "room", "engine", "clean")


def main(arguments: list[str]) -> int:
    """Run one verb; the exit status says whether it was done."""
    # What is no secret is readable for the services and for who asks for the status; a secret's mode is set by itself.
    os.umask(0o022)
    listen()
    try:
        answer, status = _answer(arguments), 0
    except AgentError as error:
        answer, status = error.document(), error.exit_code
    except Interrupted as stop:
        answer = AgentError("interrupted", "run the same command again; it goes on where this one stopped").document()
        status = stop.exit_code
    if answer is not None:
        print(json.dumps(answer), file=sys.stderr if set(STREAMS).intersection(arguments) else sys.stdout, flush=True)
    return status


def _answer(arguments: list[str]) -> dict[str, Any] | None:
    if len(arguments) != 1 or arguments[0] not in VERBS:
        raise AgentError(f"the agent has no such verb: {' '.join(arguments)}", f"one of {', '.join(VERBS)}", 2)
    # Loaded before the request is read: who asks may still be making it.
    operation = _operation(arguments[0])
    request = _request()
    try:
        return _run(arguments[0], operation, request)
    except OSError as problem:
        raise AgentError(f"{arguments[0]}: {problem}", "", FAILED) from problem


def _operation(verb: str) -> Operation:
    name, _, function = VERBS[verb].partition(":")
    operation: Operation = getattr(import_module(f"deploy.agent.{name}"), function or "run")
    return operation


def _run(verb: str, operation: Operation, request: dict[str, Any]) -> dict[str, Any] | None:
    with nullcontext() if verb in UNHELD else working(request, verb):
        return operation(request, Journal(request.get("root", ""), request.get("run", "")))


def _request() -> dict[str, Any]:
    # One line: what comes behind it is the verb's own, a stream or the end of its hold. As text it would be decoded.
    text = sys.stdin.buffer.readline()
    try:
        request = json.loads(text)
    except ValueError as problem:
        raise AgentError(f"the request is not JSON: {problem}", "", 2) from problem
    if not isinstance(request, dict) or request.get("format") != FORMAT:
        raise AgentError("the request has another format than this agent's", "use the kit that brought this agent", 2)
    called_as(request)
    return request


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
