"""Removals: what no kept release names, a stack's containers, a whole stack, and what no stack needs."""

from __future__ import annotations

from deploy.agent.contract.envelope import Changed, Request, StackRequest
from deploy.agent.contract.jobs import Collecting


class CollectRequest(StackRequest, Collecting):
    """The releases of a stack that stay."""


class CollectAnswer(Changed):
    """The releases, files, images and unfinished parts that were removed."""

    removed: list[str]
    images: list[str]
    leftovers: list[str]


class DownAnswer(Changed):
    """The services whose containers were removed, and the networks."""

    containers: list[str]
    networks: list[str]


class DestroyRequest(StackRequest, total=False):
    """A stack to remove, with its user data only where that is asked for."""

    data: bool
    folders: list[str]


class DestroyAnswer(DownAnswer):
    """All that was removed, and what stays for other stacks."""

    images: list[str]
    removed: list[str]
    shared: list[str]
    packages: list[str]
    """Debian packages that the kit installed for Docker."""


class CleanRequest(Request, total=False):
    """A request to remove shared files that no stack needs."""

    cache: bool
    """True if what only makes the next build faster goes too."""
    kit: str
    cache_folder: str


class CleanAnswer(Changed):
    """All that was removed, and the stacks that stay."""

    images: list[str]
    removed: list[str]
    freed_bytes: int
    packages: list[str]
    """Debian packages that the kit installed for Docker."""
    stacks: list[str]
