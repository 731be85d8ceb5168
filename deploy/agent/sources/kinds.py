"""The sources by their names in a request."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from deploy.agent.inputs.children import Children
from deploy.agent.journal import Journal
from deploy.agent.sources import file, pip, url


class Source(Protocol):
    """The two operations on a model's file, and their parameters."""

    @property
    def STAGED(self) -> int:  # noqa: N802 - a constant of each module
        """Number of the file's copies in the cache until it is in its place; the plan counts the same."""

    def bring(
        self, _model: dict[str, Any], _request: dict[str, Any], _journal: Journal, _children: Children, /
    ) -> None:
        """Put the file at the model's place."""

    def opened(
        self, _model: str, _blob: dict[str, Any], _request: dict[str, Any], _journal: Journal, _children: Children, /
    ) -> AbstractContextManager[tuple[str, Iterable[bytes]]]:
        """Yield the file's name and its bytes; nothing of it stays on this host afterwards."""


SOURCES: dict[str, Source] = {"pip": pip, "file": file, "url": url}


def source_of(source: dict[str, Any]) -> Source:
    """Return the module for a source in a request."""
    return SOURCES[next(iter(source))]
