"""Operation `logs`: what services print, streamed as Docker Compose tells it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.contract import AS_ROOT
from deploy.agent.docker.api import socket_path
from deploy.agent.docker.compose import KEPT_VARIABLES, program
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line

if TYPE_CHECKING:
    from deploy.agent.contract.applied import LogsRequest

PATIENCE_SECONDS = 5.0


def run(request: LogsRequest, _journal: Journal) -> None:
    """Hand Compose the agent's own standard output, until it ends or the agent is told to stop."""
    kept = {name: os.environ[name] for name in (*KEPT_VARIABLES, "DOCKER_CONFIG") if name in os.environ}
    # The engine that the agent itself asks, whatever context a person's docker command uses.
    environment = {**kept, "DOCKER_HOST": f"unix://{socket_path()}"}
    # Nobody's compose.yaml has a say: the project is named, and none lies in the root.
    with subprocess.Popen(_argv(request), stderr=subprocess.PIPE, env=environment, cwd="/") as compose:
        try:
            said = compose.communicate()[1].decode(errors="replace").strip()
        finally:
            _end(compose)
    if compose.returncode and said:
        raise _failure(said)


def _end(compose: subprocess.Popen[bytes]) -> None:
    """End Compose. It may miss the first signal, and an agent that waits for it would stay behind its asker."""
    compose.terminate()
    try:
        compose.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        compose.kill()


def _argv(request: LogsRequest) -> list[str]:
    ansi = "always" if request["coloured"] else "never"
    words = ["logs", *([] if request["prefixed"] else ["--no-log-prefix"])]
    words += ["--tail", str(request["tail"]), *(["--follow"] if request["follow"] else [])]
    return [*program(), "--ansi", ansi, "--project-name", request["project"], *words, *request["services"]]


def _failure(said: str) -> AgentError:
    socket = socket_path()
    if Path(socket).exists() and not os.access(socket, os.W_OK):
        return AgentError(f"this user may not talk to Docker at {socket}", AS_ROOT)
    if "unknown flag: --ansi" in said:
        # Without its plugin the command reads `compose` as nothing and the flags as its own.
        return AgentError("Docker Compose is not installed", f"type: {Line('apply')}")
    return AgentError(said, f"is the stack up? type: {Line('status')}")
