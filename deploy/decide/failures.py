"""The call on failures: decided, and printed as a file of the release that the host's agent reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deploy.deployment.bundle import PRIVATE, File, canonical_json
from deploy.deployment.failures import JOB, FailureCall
from deploy.deployment.host import Deployment
from deploy.deployment.jobs import Job, Schedule
from deploy.spec.model import Spec

if TYPE_CHECKING:
    from deploy.agent.contract.failures import FailureCall as Released

FORMAT = 1
PATIENCE_SECONDS = 60
"""Wait for an apply that holds the host; the job looks again soon."""


def failure_call_of(spec: Spec) -> FailureCall | None:
    """Return the call of each host that runs a service; None without one."""
    if (wanted := spec.on_failure) is None:
        return None
    return FailureCall(wanted.url, wanted.command, wanted.body, spec.ca)


def watch_jobs(spec: Spec) -> Iterator[Job]:
    """Yield the job that looks for failures."""
    if spec.on_failure is not None:
        schedule = Schedule(every_seconds=spec.on_failure.every)
        yield Job(JOB, "Watch for failures", "watch", schedule, {}, patience_seconds=PATIENCE_SECONDS)


def failure_files(deployment: Deployment) -> Iterator[File]:
    """Yield the file of a release about its call."""
    if (call := deployment.failure_call) is None:
        return
    released: Released = {
        "format": FORMAT,
        "stack": deployment.stack,
        "url": call.url,
        "command": call.command,
        "body": call.body,
        "ca": call.ca,
    }
    yield File("on_failure.json", canonical_json(released), PRIVATE)
