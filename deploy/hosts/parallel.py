"""The same task for several hosts at once, with the errors of all hosts together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from deploy.agent.contract import AS_ROOT
from deploy.errors import HeldError, KitError, SpecError, UsageError
from deploy.stack import HERE
from deploy.words import as_root

if TYPE_CHECKING:
    from concurrent.futures import Future

Result = TypeVar("Result")


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
    from concurrent.futures import ThreadPoolExecutor, wait

    start = _Start()
    begun: dict[str, Future[Result]] = {}
    with ThreadPoolExecutor(len(tasks)) as threads:
        try:
            begun |= {host: threads.submit(start.awaited, task) for host, task in tasks.items()}
            start.give()
            wait(begun.values())
        except BaseException:
            start.cancel()
            _interrupt(begun.values())
            raise
    errors = {host: error for host, run in begun.items() if (error := run.exception()) is not None}
    if foreign := foreign_error(errors):
        raise foreign
    known = {host: error for host, error in errors.items() if isinstance(error, KitError)}
    return {host: run.result() for host, run in begun.items() if host not in errors}, known


class _Start:
    """The moment at which all tasks begin. Ctrl-C before it leaves no task that nobody could interrupt."""

    def __init__(self) -> None:
        self._is_over = threading.Event()
        self._is_given = False

    def give(self) -> None:
        """Let the tasks begin."""
        self._is_given = True
        self._is_over.set()

    def cancel(self) -> None:
        """Let no further task begin."""
        self._is_over.set()

    def awaited(self, task: Callable[[], Result]) -> Result:
        """Run a task from the start on."""
        self._is_over.wait()
        if not self._is_given:
            raise KeyboardInterrupt
        return task()


def _interrupt(tasks: Iterable[Future[Result]]) -> None:
    """Interrupt the agents that tasks wait for, until every task has ended."""
    from concurrent.futures import wait

    from deploy.hosts.talking import PATIENCE_SECONDS, interrupt

    last = time.monotonic() + PATIENCE_SECONDS
    waiting = set(tasks)
    while waiting:
        # Again, for a task may have begun its next step meanwhile.
        interrupt(kill=time.monotonic() > last)
        waiting = set(wait(waiting, timeout=1).not_done)


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
    steps = next_steps(errors)
    spec = [error for error in errors.values() if isinstance(error, SpecError)]
    if len(spec) == len(errors):
        # The files are the same for every host, so their faults need no host's name.
        return SpecError([problem for error in spec for problem in error.problems], steps)
    problem = _lines(f"{host}: {error.problem}" for host, error in errors.items())
    kinds = {type(error) for error in errors.values()}
    kind = next((kind for kind in (HeldError, UsageError) if kinds == {kind}), KitError)
    return kind(problem, steps)


def next_steps(errors: Mapping[str, KitError]) -> str:
    """Return the next steps behind errors, each once."""
    return _lines(dict.fromkeys(_next_step(host, error) for host, error in errors.items()))


def _next_step(host: str, error: KitError) -> str:
    return as_root(host) if error.next_step == AS_ROOT else error.next_step


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(filter(None, texts))
