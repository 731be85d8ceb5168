"""The same task for several hosts at once, with the errors of all hosts together."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from deploy.agent.contract import AS_ROOT
from deploy.errors import HeldError, KitError, SpecError, UsageError
from deploy.stack import HERE
from deploy.words import as_root

Result = TypeVar("Result")

if TYPE_CHECKING:
    from concurrent.futures import Future
    from queue import SimpleQueue

    Runs = dict[str, Future[Result]]
    """Runs of tasks that have ended, by host."""


def in_parallel(tasks: Mapping[str, Callable[[], Result]]) -> dict[str, Result]:
    """Run a task for each host; raise the errors of all hosts once every task has ended."""
    results, errors = settled(tasks)
    if errors:
        raise joined_error(errors, tasks)
    return results


def settled(tasks: Mapping[str, Callable[[], Result]]) -> tuple[dict[str, Result], dict[str, KitError]]:
    """Run a task for each host; return the results, and the errors of the hosts whose task failed.

    A single task runs in this thread. Ctrl-C interrupts the steps of all hosts, and waits for their end.
    """
    if len(tasks) < 2:
        return _alone(tasks)
    from queue import Empty, SimpleQueue

    begun: SimpleQueue[None] = SimpleQueue()
    ended: SimpleQueue[Future[Runs[Result]]] = SimpleQueue()
    outcome: Future[Runs[Result]] | None = None

    def carry_out() -> None:
        begun.put(None)
        ended.put(_ended(tasks))

    try:
        # Ctrl-C interrupts this thread anywhere, also where it has a lock: the locks of tasks are taken in another one.
        threading.Thread(target=carry_out, daemon=True).start()
        while outcome is None:
            # A signal that comes just before this thread sleeps is seen when it wakes.
            with contextlib.suppress(Empty):
                outcome = ended.get(timeout=1)
    except BaseException:
        _interrupt(begun, ended)
        raise
    runs = outcome.result()
    errors = {host: error for host, run in runs.items() if (error := run.exception()) is not None}
    if foreign := foreign_error(errors):
        raise foreign
    known = {host: error for host, error in errors.items() if isinstance(error, KitError)}
    return {host: run.result() for host, run in runs.items() if host not in errors}, known


def _ended(tasks: Mapping[str, Callable[[], Result]]) -> Future[Runs[Result]]:
    """Run each task in a thread of its own, until all have ended; a thread that cannot start is an error for all."""
    from concurrent.futures import Future, ThreadPoolExecutor

    outcome: Future[Runs[Result]] = Future()
    try:
        with ThreadPoolExecutor(len(tasks)) as threads:
            runs = {host: threads.submit(task) for host, task in tasks.items()}
        outcome.set_result(runs)
    except BaseException as error:  # noqa: BLE001 - its reader is another thread, which raises it
        outcome.set_exception(error)
    return outcome


def _interrupt(begun: SimpleQueue[None], ended: SimpleQueue[Future[Runs[Result]]]) -> None:
    """Interrupt the agents that tasks wait for, until every task has ended."""
    from queue import Empty

    from deploy.hosts.wire.talking import PATIENCE_SECONDS, interrupt

    last = time.monotonic() + PATIENCE_SECONDS
    with contextlib.suppress(Empty):
        # A thread that was interrupted before its start runs no task.
        begun.get(timeout=1)
        while True:
            # Again, for a task may have begun its next step meanwhile.
            interrupt(kill=time.monotonic() > last)
            with contextlib.suppress(Empty):
                ended.get(timeout=1)
                return


def _alone(tasks: Mapping[str, Callable[[], Result]]) -> tuple[dict[str, Result], dict[str, KitError]]:
    results, errors = dict[str, Result](), dict[str, KitError]()
    for host, task in tasks.items():
        try:
            results[host] = task()
        except KitError as error:
            errors[host] = error
    return results, errors


def foreign_error(errors: Mapping[str, BaseException]) -> BaseException | None:
    """Return a fault of kit itself among errors; None without one."""
    return next((error for error in errors.values() if not isinstance(error, KitError)), None)


@contextmanager
def errors_of(host: str) -> Iterator[None]:
    """Begin an error with the host's name, unless it is this machine."""
    try:
        yield
    except KitError as error:
        named = joined_error({host: error}, [host])
        if named is error:
            raise
        raise named from error


def joined_error(errors: Mapping[str, KitError], hosts: Collection[str]) -> KitError:
    """Return one error for those of some of the hosts that were asked; this machine alone is not named."""
    if list(hosts) == [HERE]:
        return errors[HERE]
    told = {host: (error.problem, next_step(host, error)) for host, error in errors.items()}
    steps = _lines(dict.fromkeys(step for _, step in told.values()))
    spec = [error for error in errors.values() if isinstance(error, SpecError)]
    if len(spec) == len(errors):
        # The files are the same for every host, so their faults need no host's name.
        return SpecError([problem for error in spec for problem in error.problems], steps)
    kinds = {type(error) for error in errors.values()}
    kind = next((kind for kind in (HeldError, UsageError) if kinds == {kind}), KitError)
    joined = kind(_lines(f"{host}: {problem}" for host, (problem, _) in told.items()), steps)
    joined.by_host = told if len(told) > 1 else {}
    return joined


def next_step(host: str, error: KitError) -> str:
    """Return the next step behind a host's error; the one about root is for that host."""
    return as_root(host) if error.next_step == AS_ROOT else error.next_step


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(filter(None, texts))
