"""Forms of a model's source in kit.yaml: a name, or one of the sources of files."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Tag

from deploy.sources.file.written import FileSource
from deploy.sources.given import KINDS
from deploy.sources.pip.written import PipSource
from deploy.sources.tag.written import ModelSourceName
from deploy.sources.url.written import UrlSource

_FILES = (PipSource, FileSource, UrlSource)


def _kind(value: object) -> str | None:
    if isinstance(value, str):
        return "(name)"
    given = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return next((f"({key})" for key in KINDS if key in given), None)


Source = Annotated[
    Annotated[ModelSourceName, Tag("(name)")]
    | Annotated[PipSource, Tag("(pip)")]
    | Annotated[FileSource, Tag("(file)")]
    | Annotated[UrlSource, Tag("(url)")],
    Discriminator(
        _kind,
        custom_error_type="source",
        custom_error_message=f"needs the name of a model, or {', '.join(source.words for source in _FILES)}",
    ),
]


def forms() -> str:
    """Return the forms of a file's source, for a message."""
    *some, last = (f"{{{key}: ...}}" for key in KINDS)
    return f"{', '.join(some)} or {last}"


def line(key: str, place: str, sha256: str) -> str:
    """Return a file's source as YAML of one line; place and sha256 are YAML already."""
    return f"{{{key}: {place}, sha256: {sha256}}}"
