"""Runs a playbook's process: reads its events, and stops it with everything that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from deploy.agent.line import Line
from deploy.apply.roles.task_events import PhaseBegins, Recap, TaskEvent, read_event

OnEvent = Callable[[TaskEvent], None]
OnPhase = Callable[[str], None]
PATIENCE_SECONDS = 60.0
"""Timeout for an interrupted run to end by itself."""


@dataclass(frozen=True)
class Failure:
    """A failure on one host."""

    host: str
    role: str
    task: str
    problem: str
    next_step: str


@dataclass(frozen=True)
class PlaybookResult:
    """The end of a run."""

    planned: tuple[str, ...]
    """Hosts of the run."""
    changed_on: Mapping[str, int]
    """Number of changed tasks by host."""
    failures: tuple[Failure, ...]


@dataclass
class _Seen:
    failed: dict[str, Failure] = field(default_factory=dict)
    recap: dict[str, dict[str, int]] = field(default_factory=dict)

    def take(self, event: TaskEvent | Recap) -> None:
        if isinstance(event, Recap):
            self.recap = event.hosts
        elif event.state in ("failed", "unreachable"):
            self.failed[event.host] = Failure(event.host, event.role, event.task, event.problem, event.next_step)


def watch(
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    planned: Sequence[str],
    log: Path,
    on_event: OnEvent,
    on_phase: OnPhase,
    keep: int | None = None,
    keep_going: bool = False,
) -> PlaybookResult:
    """Run the command to its end and tell each event.

    It waits before each phase until `on_phase` has returned. It ends there if a host failed in an earlier phase, unless
    the other hosts keep going.
    It inherits `keep`, the lock of the folder that it works in.
    """
    seen = _Seen()
    reader, writer = os.pipe()
    waiting, letting = os.pipe()
    kept = () if keep is None else (keep,)
    with (
        os.fdopen(reader, encoding="utf-8") as events,
        os.fdopen(letting, "wb", buffering=0) as go,
        _started(argv, environment, (writer, waiting), kept, log) as process,
    ):
        for line in events:
            event = read_event(line)
            if isinstance(event, PhaseBegins):
                if seen.failed and not keep_going:
                    stop(process)
                else:
                    _begin(event.phase, on_phase, go)
                continue
            seen.take(event)
            if isinstance(event, TaskEvent):
                on_event(event)
        code = process.wait()
    changed = {host: counts.get("changed", 0) for host, counts in seen.recap.items()}
    return PlaybookResult(tuple(planned), changed, _failures(seen, planned, code, log))


def _begin(phase: str, on_phase: OnPhase, go: IO[bytes]) -> None:
    on_phase(phase)
    with contextlib.suppress(BrokenPipeError):
        go.write(b"\n")


@contextlib.contextmanager
def _started(
    argv: Sequence[str], environment: Mapping[str, str], talking: tuple[int, int], kept: tuple[int, ...], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Start it in its own session: a terminal's Ctrl-C reaches it only through kit, and once."""
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                argv,
                env={**environment, "KIT_EVENTS": str(talking[0]), "KIT_GO": str(talking[1])},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(*talking, *kept),
                start_new_session=True,
                # Packages that are installed by it run scripts of theirs, whose files everybody must be able to read.
                umask=0o022,
            )
    finally:
        for descriptor in talking:
            os.close(descriptor)
    try:
        yield process
    except BaseException:
        stop(process)
        raise


def stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a process as Ctrl-C does, wait, then kill its whole group."""
    for number, patience in ((signal.SIGINT, PATIENCE_SECONDS), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return


def _failures(seen: _Seen, planned: Sequence[str], code: int, log: Path) -> tuple[Failure, ...]:
    failures: list[Failure] = []
    for host in planned:
        counts = seen.recap.get(host)
        if counts is not None and not counts.get("failures") and not counts.get("unreachable"):
            continue
        if host in seen.failed:
            failures.append(seen.failed[host])
        elif not seen.failed:
            # Otherwise the host stopped behind the phase in which another host failed.
            failures.append(Failure(host, "", "", _last_words(log), f"run `{Line('apply')}` again"))
    if code != 0 and not failures:
        problem = f"ansible-playbook ended with {code}: {_last_words(log)}"
        failures.append(Failure("", "", "", problem, f"run `{Line('apply')}` again"))
    return tuple(failures)


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return " ".join(lines[-8:]) or "the run ended before this host's turn"
