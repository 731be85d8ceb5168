"""The same task for several hosts at once, with the errors of all hosts together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from deploy.errors import HeldError, KitError, SpecError

Result = TypeVar("Result")


def in_parallel(tasks: Mapping[str, Callable[[], Result]]) -> dict[str, Result]:
    """Run a task for each host; raise the errors of all hosts once every task has ended.

    A single task runs in this thread. Ctrl-C lets the tasks of several hosts end first.
    """
    if len(tasks) < 2:
        return {host: task() for host, task in tasks.items()}
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(tasks)) as threads:
        begun = {host: threads.submit(task) for host, task in tasks.items()}
    errors = {host: error for host, run in begun.items() if (error := run.exception()) is not None}
    if errors:
        raise joined_error(errors)
    return {host: run.result() for host, run in begun.items()}


def joined_error(errors: Mapping[str, BaseException]) -> BaseException:
    """Return one error for those of several hosts; a fault of kit itself comes before all others."""
    known = {host: error for host, error in errors.items() if isinstance(error, KitError)}
    if foreign := [error for host, error in errors.items() if host not in known]:
        return foreign[0]
    steps = _lines(dict.fromkeys(error.next_step for error in known.values()))
    spec = [error for error in known.values() if isinstance(error, SpecError)]
    if len(spec) == len(known):
        # The files are the same for every host, so their faults need no host's name.
        return SpecError([problem for error in spec for problem in error.problems], steps)
    problem = _lines(f"{host}: {error.problem}" for host, error in known.items())
    kinds = {type(error) for error in known.values()}
    return HeldError(problem, steps) if kinds == {HeldError} else KitError(problem, steps)


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(filter(None, texts))
