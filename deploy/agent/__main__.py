"""`python3 agent.pyz VERB`: one JSON request on standard input, one JSON document on standard output."""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from deploy.agent.attended import attend, follow_hold
from deploy.agent.contract import FORMAT
from deploy.agent.contract.frames import BROKEN, framed
from deploy.agent.errors import FAILED, AgentError, Interrupted, told
from deploy.agent.holder import working
from deploy.agent.interrupts import listen
from deploy.agent.journal import Journal
from deploy.agent.line import called_as
from deploy.agent.verbs import FRAMED, STREAMS, UNHELD, Operation, operation_of


def main(arguments: list[str]) -> int:
    """Run one verb; the exit status tells success."""
    # What is no secret is readable for the services and for who asks for the status; a secret's mode is set by itself.
    os.umask(0o022)
    listen()
    try:
        answer, status = _answer(arguments), 0
    except AgentError as error:
        answer, status = error.document(), error.exit_code
    except Interrupted as stop:
        answer = AgentError("interrupted", "run the same command again; it continues where this one stopped").document()
        status = stop.exit_code
    if answer is not None:
        _tell(answer, arguments)
    return status


def _tell(answer: dict[str, object], arguments: list[str]) -> None:
    if set(FRAMED).intersection(arguments):
        # The answer of such a verb is a stream: a document is its failure, and breaks it off.
        sys.stdout.buffer.write(BROKEN)
    print(json.dumps(answer), file=sys.stderr if set(STREAMS).intersection(arguments) else sys.stdout, flush=True)


def _answer(arguments: list[str]) -> dict[str, object] | None:
    verb = " ".join(arguments)
    # Loaded before the request is read: who asks may still be making it.
    operation = operation_of(verb)
    # What is loaded stays: only what a verb makes from here on is looked through for garbage.
    gc.freeze()
    gc.enable()
    request = _request()
    if request.get("attended"):
        attend()
    try:
        return _run(verb, operation, request)
    except OSError as problem:
        failure = told(problem)
        raise AgentError(f"{verb}: {failure.problem}", failure.next_step, FAILED) from problem


def _run(verb: str, operation: Operation, request: dict[str, Any]) -> dict[str, Any] | None:
    with nullcontext() if verb in UNHELD else working(request, verb):
        if request.get("follows_hold") and request.get("run"):
            follow_hold(Path(request["root"]), request["run"])
        answer: Any = operation(request, Journal(request.get("root", ""), request.get("run", "")))
        if verb not in FRAMED:
            document: dict[str, Any] | None = answer
            return document
        for frame in framed(answer):
            sys.stdout.buffer.write(frame)
        sys.stdout.buffer.flush()
        return None


def _request() -> dict[str, object]:
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
