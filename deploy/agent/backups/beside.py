"""Work beside other work: restic opens the repository, which takes it a second, while the copies are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from deploy.agent.backups.restic import Restic
from deploy.agent.errors import AgentError

T = TypeVar("T")


class Work(Generic[T]):
    """Work in a thread of its own."""

    def __init__(self, done: Callable[[], bool], result: Callable[[], T]) -> None:
        self._done = done
        self.result = result
        """Waits for the end, and returns the result or raises the failure."""

    def ensure_good(self) -> None:
        """Raise its failure if it has failed by now."""
        if self._done():
            self.result()


@contextmanager
def beside(restic: Restic, work: Callable[[Restic], T]) -> Iterator[Work[T]]:
    """Do work with restic beside a block, at whose end the work has ended; a failure of the work is told first.

    An interruption of the block ends restic.
    """
    own = restic.apart()
    with ThreadPoolExecutor(1) as helper:
        begun = helper.submit(work, own)
        try:
            yield Work(begun.done, begun.result)
            begun.result()
        except (AgentError, OSError):
            begun.result()
            raise
        except BaseException:
            own.stop()
            raise
