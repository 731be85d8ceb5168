"""Operation `job`: runs one verb for the host's scheduler, under the same hold as control nodes."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.fired import firing
from deploy.agent.holder import holding, working
from deploy.agent.journal import Journal
from deploy.agent.verbs import UNHELD, operation_of

if TYPE_CHECKING:
    from deploy.agent.contract.jobs import JobAnswer, JobRequest


def run(request: JobRequest, _journal: Journal) -> JobAnswer:
    """Run the job's verb; raise AgentError with exit code 4 if another holder outlasts the job's patience."""
    root, verb, run = Path(request["root"]), request["verb"], f"job-{request['job']}-{secrets.token_hex(4)}"
    operation = operation_of(verb)
    host, command = socket.gethostname(), f"job {request['job']}"
    holder = {"run": run, "user": "root", "host": host, "command": command, "pid": os.getpid()}
    asked = {
        **request["request"],
        "format": request["format"],
        "stack": request["stack"],
        "root": str(root),
        "run": run,
    }
    with firing(root, request["job"]), holding(root, holder, request["patience_seconds"]) as held:
        try:
            with nullcontext() if verb in UNHELD else working(asked, verb):
                answer: JobAnswer = operation(asked, Journal(str(root), run))
        except Exception:
            # A full disk, say, ends a job as well: only a killed one was interrupted.
            held.end()
            raise
        held.end()
    return answer
