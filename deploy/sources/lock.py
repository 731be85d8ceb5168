"""Models in kit.lock, and the pinning of each by kit.yaml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from deploy.sources.file import locked as file
from deploy.sources.file.locked import FileModelLock
from deploy.sources.file.written import FileSource
from deploy.sources.given import KINDS
from deploy.sources.pip import locked as pip
from deploy.sources.pip.locked import PipModelLock
from deploy.sources.pip.written import PipSource
from deploy.sources.spec import Source
from deploy.sources.tag import locked as tag
from deploy.sources.tag.locked import TagModelLock
from deploy.sources.url import locked as url
from deploy.sources.url.locked import UrlModelLock
from deploy.sources.url.written import UrlSource
from deploy.sources.weights.locked import Asking, WeightsLocked
from deploy.sources.weights.written import FileWritten

_KINDS = (*KINDS, "tag")


def _kind(value: object) -> str | None:
    source = value.get("source") if isinstance(value, dict) else getattr(value, "source", None)
    return f"({source})" if source in _KINDS else None


ModelLock = Annotated[
    Annotated[PipModelLock, Tag("(pip)")]
    | Annotated[FileModelLock, Tag("(file)")]
    | Annotated[UrlModelLock, Tag("(url)")]
    | Annotated[TagModelLock, Tag("(tag)")],
    Discriminator(_kind, custom_error_type="source", custom_error_message=f"needs a `source:` of {', '.join(_KINDS)}"),
]


_PINNING: dict[type[FileWritten], Callable[[Any, Asking], ModelLock]] = {
    PipSource: pip.pin,
    FileSource: file.pin,
    UrlSource: url.pin,
}


def pin(source: Source, asking: Asking) -> ModelLock:
    """Ask for a source's current content, or read it; KitError if the file differs from kit.yaml's."""
    if isinstance(source, str):
        return tag.pin(source, asking)
    pinned: ModelLock = _PINNING[type(source)](source, asking)
    return pinned


def written_values(source: Source) -> dict[str, str]:
    """Return the values of a source in kit.yaml, its kind first."""
    return {"tag": source} if isinstance(source, str) else source.model_dump()


def written_text(source: Source) -> str:
    """Return a source as a message quotes it."""
    return source if isinstance(source, str) else f"{{{next(iter(source.model_dump()))}: {source.place}}}"


def weights_of(locked: ModelLock, key: str) -> WeightsLocked:
    """Return the file that a model begins with."""
    if isinstance(locked, WeightsLocked):
        return locked
    raise TypeError(f"{key} is no file")


def tag_of(locked: ModelLock, key: str) -> TagModelLock:
    """Return the library's tag that a model begins with."""
    if isinstance(locked, TagModelLock):
        return locked
    raise TypeError(f"{key} is locked as {locked.source}")
