"""Starts the services again that an interrupted run has stopped, before the run ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.agent.data.places import go_back
from deploy.agent.data.put_back import finish_put_back
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import of_stack
from deploy.agent.errors import AgentError, Interrupted
from deploy.agent.journal import Journal
from deploy.agent.stack.release import linked_release

DOWN = ("exited", "created")


@contextmanager
def standing(docker: Docker, root: Path, stack: str, names: Iterable[str], journal: Journal) -> Iterator[None]:
    """Start services that an interruption left stopped, each with its existing container."""
    try:
        yield
    except Interrupted:
        # Told once, the agent hears no more signals.
        with suppress(AgentError, OSError):
            _stand_up(docker, root, stack, set(names), journal)
        raise


def _stand_up(docker: Docker, root: Path, stack: str, names: set[str], journal: Journal) -> None:
    finish_put_back(root, journal)
    release = linked_release(root, "current")
    if release is not None:
        go_back(root, release)
    for name, container in of_stack(docker.containers({"kit.stack": stack}), stack).items():
        if name in names and container["State"] in DOWN:
            journal.say(f"starting {name} again, because this run was interrupted")
            with suppress(AgentError):
                docker.start(container["Id"])
