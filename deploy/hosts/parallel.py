"""The same task for several hosts at once, with the errors of all hosts together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from deploy.agent.contract import AS_ROOT
from deploy.errors import HeldError, KitError, SpecError, UsageError
from deploy.stack import HERE
from deploy.words import as_root

Result = TypeVar("Result")


def in_parallel(tasks: Mapping[str, Callable[[], Result]]) -> dict[str, Result]:
    """Run a task for each host; raise the errors of all hosts once every task has ended.

    A single task runs in this thread. Ctrl-C lets the tasks of several hosts end first.
    """
    if len(tasks) < 2:
        return {host: _alone(host, task) for host, task in tasks.items()}
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(tasks)) as threads:
        begun = {host: threads.submit(task) for host, task in tasks.items()}
    errors = {host: error for host, run in begun.items() if (error := run.exception()) is not None}
    if errors:
        raise joined_error(errors, tasks)
    return {host: run.result() for host, run in begun.items()}


def _alone(host: str, task: Callable[[], Result]) -> Result:
    with errors_of(host):
        return task()


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


def joined_error(errors: Mapping[str, BaseException], hosts: Collection[str]) -> BaseException:
    """Return one error for those of some of the hosts that were asked.

    A fault of kit itself comes before all others. This machine alone is not named.
    """
    known = {host: error for host, error in errors.items() if isinstance(error, KitError)}
    if foreign := [error for host, error in errors.items() if host not in known]:
        return foreign[0]
    if list(hosts) == [HERE]:
        return known[HERE]
    steps = _lines(dict.fromkeys(_next_step(host, error) for host, error in known.items()))
    spec = [error for error in known.values() if isinstance(error, SpecError)]
    if len(spec) == len(known):
        # The files are the same for every host, so their faults need no host's name.
        return SpecError([problem for error in spec for problem in error.problems], steps)
    problem = _lines(f"{host}: {error.problem}" for host, error in known.items())
    kinds = {type(error) for error in known.values()}
    kind = next((kind for kind in (HeldError, UsageError) if kinds == {kind}), KitError)
    return kind(problem, steps)


def _next_step(host: str, error: KitError) -> str:
    return as_root(host) if error.next_step == AS_ROOT else error.next_step


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(filter(None, texts))
