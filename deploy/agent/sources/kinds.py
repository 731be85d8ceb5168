"""The sources by their names in a request."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from deploy.agent.inputs.children import Children
from deploy.agent.journal import Journal
from deploy.agent.sources import file, pip, url

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Blob
    from deploy.agent.contract.inputs import Fetching, ModelFile
    from deploy.agent.contract.inputs import Source as Origin


class Source(Protocol):
    """The two operations on a model's file, and their parameters."""

    @property
    def STAGED(self) -> int:  # noqa: N802 - a constant of each module
        """Number of the file's copies in the cache until it is in its place; the plan counts the same."""

    def bring(self, _model: ModelFile, _request: Fetching, _journal: Journal, _children: Children, /) -> None:
        """Put the file at the model's place."""

    def opened(
        self, _model: str, _blob: Blob, _request: Fetching, _journal: Journal, _children: Children, /
    ) -> AbstractContextManager[tuple[str, Iterable[bytes]]]:
        """Yield the file's name and its bytes; nothing of it stays on this host afterwards."""


SOURCES: dict[str, Source] = {"pip": pip, "file": file, "url": url}


def source_of(source: Origin) -> Source:
    """Return the module for a source in a request."""
    return SOURCES[next(iter(source))]
