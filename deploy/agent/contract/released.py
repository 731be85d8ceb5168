"""The release that a host runs, its manifest, and what differs from it on the disk."""

from __future__ import annotations

from typing import Any, TypedDict


class _ReleaseFile(TypedDict):
    path: str
    sha256: str
    mode: str


class ReleaseFile(_ReleaseFile, total=False):
    """A file of a release as its manifest states it; an older kit stated no owner."""

    owner: str


class Manifest(TypedDict):
    """The content of a release."""

    format: int
    kit: str
    stack: str
    files: list[ReleaseFile]
    services: dict[str, dict[str, Any]]


class ChangedFile(TypedDict):
    """A placed file that is not as the manifest states it."""

    path: str
    cause: str
    """The difference in words."""
    has_content: bool
    """True if its bytes are the stated ones: only its mode or owner differs, or a link leads to such bytes."""


class Right(TypedDict):
    """A path with another mode or owner than the kit gave it."""

    path: str
    cause: str
    is_placed: bool


class Release(TypedDict):
    """The release that a host runs."""

    release: str | None
    good: str | None
    manifest: Manifest | None
    changed_files: list[ChangedFile]
    extra_files: list[str]
    """Paths in the release's folder that its manifest does not name."""
    rights: list[Right]
