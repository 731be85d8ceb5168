"""Jobs in a host's scheduler, compared with those of the release."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.deployment.bundle import Bundle
from deploy.hosts.observation.observe import Observation
from deploy.plan.operation import Operation
from deploy.stack import Stack

UNITS = "units/"


def job_operations(bundle: Bundle, observation: Observation) -> Iterator[Operation]:
    """Yield the files that the host's scheduler lacks, has otherwise, or has of jobs that left the release."""
    wanted = _wanted(bundle, observation)
    for name in sorted({*wanted, *observation.units}):
        seen = observation.units.get(name)
        if name not in wanted:
            yield Operation(f"job file {name}", "remove", "no longer declared", "jobs")
        elif seen is None:
            yield Operation(f"job file {name}", "create", "not on host", "jobs")
        elif seen != wanted[name]:
            cause = "differs from the release" if seen else "its timer is off"
            yield Operation(f"job file {name}", "change", cause, "jobs")


def _wanted(bundle: Bundle, observation: Observation) -> dict[str, str]:
    """Return the sha256 of each file that the host's own kind of scheduler reads, by its name there."""
    project = Stack(bundle.stack).project
    files = {file.path.removeprefix(UNITS): file.sha256 for file in bundle.files if file.path.startswith(UNITS)}
    if observation.systemd:
        return {name: sha256 for name, sha256 in files.items() if name.endswith((".service", ".timer"))}
    return {project: files[f"{project}.cron"]} if files else {}
