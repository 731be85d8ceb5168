"""Prints what a running stack costs while nobody uses it: `python tests/bench/idle.py [--spec FILE] [--minutes 10]`.

For each service, from a span in which nobody may use or change the stack:

lines, bytes: what its container wrote to its log, in an hour.
checks: how often Docker ran its health check, in a minute.
seconds: processor time of these checks in a minute, all of Docker's way into the container included: of the service's
    shim with all that it started, and of the checks' share of Docker's own two daemons, whatever else these did.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.agent.docker.api import Docker
from deploy.spec.loading.loader import load_spec
from tests.bench.measure import REPOSITORY

QUICKSTART = REPOSITORY / "inventories/quickstart/kit.yaml"
TICK = os.sysconf("SC_CLK_TCK")
DAEMONS = ("dockerd", "containerd")
STARTED = "exec_start"


@dataclass(frozen=True)
class Idle:
    """Cost of one service."""

    service: str
    log_lines_an_hour: float
    log_bytes_an_hour: float
    checks_a_minute: float
    seconds_a_minute: float


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and of the children that it has seen the end of."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:15])) / TICK


def parent(pid: int) -> int:
    """Return the process that a process belongs to: a container's first one belongs to its shim."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def daemons() -> list[int]:
    """Return the processes of Docker's daemons in this machine's own namespace."""
    mine = Path("/proc/self/ns/pid").stat().st_ino
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_one = (process / "comm").read_text().strip() in DAEMONS
            if is_one and (process / "ns/pid").stat().st_ino == mine:
                found.append(int(process.name))
        except OSError:
            continue
    return found


def measured(docker: Docker, stack: str, minutes: float) -> list[Idle]:
    """Watch for some minutes."""
    containers = [docker.container(one["Id"]) or {} for one in docker.containers({"kit.stack": stack})]
    running = {one["Id"]: one for one in containers if one["State"]["Running"]}
    shims = {key: parent(one["State"]["Pid"]) for key, one in running.items()}
    watched = [*shims.values(), *daemons()]
    since, before = time.time(), {pid: processor_seconds(pid) for pid in watched}
    time.sleep(minutes * 60)
    spent = {pid: processor_seconds(pid) - before[pid] for pid in watched}
    checks = [one["Actor"]["ID"] for one in docker.events([STARTED], {}, since)]
    each = sum(spent[pid] for pid in watched if pid not in shims.values()) / max(len(checks), 1)
    return sorted(
        (
            _cost(one, minutes, since, spent[shims[key]] + checks.count(key) * each, checks.count(key))
            for key, one in running.items()
        ),
        key=lambda cost: cost.service,
    )


def _cost(container: dict[str, Any], minutes: float, since: float, seconds: float, checks: int) -> Idle:
    argv = ["docker", "logs", "--since", f"{since:.3f}", container["Id"]]
    log = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout
    hours = minutes / 60
    name = container["Config"]["Labels"]["kit.service"]
    return Idle(name, log.count(b"\n") / hours, len(log) / hours, checks / minutes, seconds / minutes)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", type=Path, default=QUICKSTART, help="kit.yaml of the stack that runs")
    parser.add_argument("--minutes", type=float, default=10)
    given = parser.parse_args()
    found = measured(Docker(), load_spec(given.spec.resolve()).stack, given.minutes)
    if not found:
        raise SystemExit(f"nothing of the stack runs; type: kit apply {given.spec}")
    print(f"{'':<12}  {'log lines/h':>11}  {'log KiB/h':>9}  {'checks/min':>10}  {'CPU s/min':>9}")
    for one in found:
        print(
            f"{one.service:<12}  {one.log_lines_an_hour:>11.0f}  {one.log_bytes_an_hour / 1024:>9.1f}"
            f"  {one.checks_a_minute:>10.2f}  {one.seconds_a_minute:>9.3f}"
        )
    print(json.dumps({"format": 1, "minutes": given.minutes, "results": [asdict(one) for one in found]}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
