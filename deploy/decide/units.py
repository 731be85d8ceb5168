"""Jobs as files of a release: units and timers for systemd, lines for cron, and each job's request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from deploy.agent.contract import FORMAT
from deploy.deployment.bundle import File
from deploy.deployment.host import Deployment
from deploy.deployment.jobs import Job, Schedule
from deploy.hosts.wire.agent_zip import agent_zip
from deploy.stack import AGENT_FOLDER, HOST_PYTHON, Stack

if TYPE_CHECKING:
    from deploy.agent.contract.jobs import JobRequest

Print = Callable[[str, dict[str, Any]], str]
MINUTE, HOUR = 60, 3600


def unit_files(deployment: Deployment, printed: Print) -> Iterator[File]:
    """Yield the files of a deployment's jobs; a host takes those of its own kind of scheduler."""
    if not deployment.jobs:
        return
    names = [job.name for job in deployment.jobs]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two jobs of a host are called {', '.join(sorted(doubled))}")
    stack = Stack(deployment.stack)
    lines = [(moment, _script(stack, job)) for job in deployment.jobs for moment in cron_moments(job.schedule)]
    yield File(f"units/{stack.project}.cron", printed("timers/jobs.cron.j2", {"lines": lines, "tag": stack.project}))
    for job in deployment.jobs:
        yield from _files(stack, job, printed)


def _files(stack: Stack, job: Job, printed: Print) -> Iterator[File]:
    request: JobRequest = {
        "format": FORMAT,
        "stack": stack.name,
        "root": stack.root,
        "job": job.name,
        "verb": job.verb,
        "request": job.request,
        "patience_seconds": job.patience_seconds,
    }
    told = {"stack": stack.name, "purpose": job.purpose}
    agent = {"python": HOST_PYTHON, "agent": f"{AGENT_FOLDER}/{agent_zip().name}", "request": _path(stack, job, "json")}
    yield File(f"units/{job.name}.json", _line(request))
    yield File(f"units/{job.name}.sh", printed("timers/job.sh.j2", {**told, **agent}))
    unit = f"units/{stack.unit(job.name)}"
    yield File(f"{unit}.service", printed("timers/job.service.j2", {**told, "script": _script(stack, job)}))
    yield File(f"{unit}.timer", printed("timers/job.timer.j2", {**told, "moments": timer_moments(job.schedule)}))


def _line(request: JobRequest) -> str:
    # The agent reads a request up to the end of its line.
    return json.dumps(request, sort_keys=True, ensure_ascii=False) + "\n"


def _script(stack: Stack, job: Job) -> str:
    return _path(stack, job, "sh")


def _path(stack: Stack, job: Job, ending: str) -> str:
    # Through `current`: a unit's bytes, and with them systemd's reload, do not change with each release.
    return f"{stack.current}/units/{job.name}.{ending}"


def timer_moments(schedule: Schedule) -> list[str]:
    """Return a schedule as lines of a systemd timer."""
    lines = [f"OnCalendar=*-*-* {schedule.daily_at}:00"] if schedule.daily_at else []
    if schedule.sundays_at:
        lines.append(f"OnCalendar=Sun *-*-* {schedule.sundays_at}:00")
    if schedule.after_boot_seconds is not None:
        lines.append(f"OnBootSec={schedule.after_boot_seconds}")
    if schedule.every_seconds is not None:
        lines += [f"OnActiveSec={schedule.every_seconds}", f"OnUnitInactiveSec={schedule.every_seconds}"]
    return lines


def cron_moments(schedule: Schedule) -> list[str]:
    """Return a schedule in cron's form, to the minute; a pause after a boot is part of the command."""
    moments = []
    for time, days in ((schedule.daily_at, "* * *"), (schedule.sundays_at, "* * 0")):
        if time:
            hour, minute = time.split(":")
            moments.append(f"{int(minute)} {int(hour)} {days} root")
    if schedule.after_boot_seconds is not None:
        moments.append(f"@reboot root sleep {schedule.after_boot_seconds};")
    if schedule.every_seconds is not None:
        hours, minutes = divmod(max(schedule.every_seconds, MINUTE) // MINUTE, HOUR // MINUTE)
        moments.append(f"0 */{min(hours, 23)} * * * root" if hours else f"*/{minutes} * * * * root")
    return moments
