"""Runs the checks: pytest in a process of its own, results as JSON lines over a pipe while they come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import deploy
from deploy.agent.line import call
from deploy.deployment.document import written
from deploy.deployment.host import Deployment
from deploy.deployment.way import Way
from deploy.errors import KitError
from deploy.hosts.ssh.connections import lent_connections
from deploy.hosts.ssh.passwords import known_password
from deploy.scratch import scratch_folder
from deploy.verify.beside import Beside
from deploy.verify.decided import write_deployment
from deploy.verify.left_out import NOBODY, LeftOut
from deploy.verify.report import Check, Report

PACKAGE = Path(deploy.__file__).resolve().parent
DEPLOYMENT, SERVICES, RESULTS = "KIT_VERIFY_DEPLOYMENT", "KIT_VERIFY_SERVICES", "KIT_VERIFY_RESULTS"
CALL = "KIT_VERIFY_CALL"
"""Variable of this run's program and file: messages of checks have lines to type, too."""
WAY = "KIT_VERIFY_WAY"
"""Variable of the way to the host."""
OTHERS = "KIT_VERIFY_OTHERS"
"""Variable of the other hosts of the stack, from which the host is asked."""
LENT = "KIT_VERIFY_LENT"
"""Variable of the descriptor that holds a person's passwords for sudo, by the hosts that have asked for them."""
AWAY = "KIT_VERIFY_AWAY"
"""Variable of the hosts that are left out."""
SOME_FAILED = 1


def run_checks(
    deployment: Deployment,
    services: tuple[str, ...] | None,
    on_check: Callable[[Check], None],
    way: Way,
    away: LeftOut = NOBODY,
    others: Sequence[Beside] = (),
) -> Report:
    """Check these services and engines (None: all) on the host behind a way; raise if the checks cannot run.

    A check that has to wait is heard with the reason for it as a name, and is no part of the report then. Engines on
    hosts in `away`, which are left out, are asked for nothing. The hosts of `others` try the ways in from outside.
    """
    wanted = _all(deployment) if services is None else services
    with scratch_folder("kit-checks-") as scratch, lent_passwords([way, *(other.way for other in others)]) as lent:
        place, (read_end, write_end) = scratch.path, os.pipe()
        write_deployment(deployment, place / "deployment.json")
        (place / "pytest.ini").write_text("[pytest]\n")
        with (place / "output").open("w+") as output:
            process = subprocess.Popen(
                check_argv(deployment, place),
                env=check_environment(place, wanted, write_end, way, away, others) | {LENT: " ".join(map(str, lent))},
                cwd=place,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(write_end, scratch.lock, *lent),
            )
            try:
                os.close(write_end)
                checks = tuple(received(read_end, on_check))
                status = process.wait()
            finally:
                _end(process)
            if status not in (0, SOME_FAILED) or (status == SOME_FAILED and Report(checks).passed):
                output.seek(0)
                raise KitError(f"the checks could not run:\n{_tail(output.read())}", "this is a fault of the kit")
    return Report(checks)


@contextmanager
def lent_passwords(ways: Sequence[Way]) -> Iterator[tuple[int, ...]]:
    """Give a descriptor with a person's passwords for sudo; none if no host has asked for one."""
    known = {way.name: password for way in ways if (password := known_password(way)) is not None}
    if not known:
        yield ()
        return
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        json.dump(known, stream)
    try:
        yield (reading,)
    finally:
        os.close(reading)


def _all(deployment: Deployment) -> tuple[str, ...]:
    names = [service.name for service in deployment.services] + [engine.name for engine in deployment.engines]
    return tuple(dict.fromkeys(names))


def check_argv(deployment: Deployment, place: Path) -> list[str]:
    """Return pytest's command line: it reads no settings of the user's, and keeps no cache beside the checks."""
    kinds = sorted({service.kind for service in deployment.services})
    rooms = [PACKAGE / "components" / kind / "verify.py" for kind in kinds]
    stack = [PACKAGE / "verify" / "checks_stack.py", PACKAGE / "verify" / "checks_places.py"]
    stack += [PACKAGE / "verify" / "checks_engines.py"] if deployment.engines else []
    files = [str(path) for path in (*stack, *rooms) if path.is_file()]
    # A native traceback is printed from what Python keeps: pytest's own styles parse the source of every frame again.
    plain = ["--assert=plain", "--tb=native", "-q", "--import-mode=importlib", "-p", "no:cacheprovider"]
    own = ["-p", "deploy.verify.plugin", "-c", str(place / "pytest.ini"), "--rootdir", str(place)]
    return [sys.executable, "-m", "pytest", *plain, *own, *files]


def check_environment(
    place: Path,
    services: tuple[str, ...],
    results: int,
    way: Way,
    away: LeftOut = NOBODY,
    others: Sequence[Beside] = (),
) -> dict[str, str]:
    """Return the environment of the checks' process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return (
        kept
        | lent_connections()
        | {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(PACKAGE.parent),
            DEPLOYMENT: str(place / "deployment.json"),
            SERVICES: json.dumps(services),
            RESULTS: str(results),
            CALL: json.dumps(call()),
            WAY: json.dumps(written(Way, way)),
            AWAY: json.dumps(asdict(away)),
            OTHERS: json.dumps([written(Beside, other) for other in others]),
        }
    )


def received(read_end: int, on_check: Callable[[Check], None]) -> Iterator[Check]:
    """Yield the checks that their process reports over a pipe, as they come."""
    with os.fdopen(read_end) as lines:
        for line in lines:
            told = json.loads(line)
            if reason := told.get("waits"):
                on_check(Check(reason, told["service"], "skipped", 0))
                continue
            check = Check(**told)
            on_check(check)
            yield check


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait()


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-20:])
