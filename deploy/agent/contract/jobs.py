"""Jobs: verbs that a host's scheduler runs, and the part of their requests that a deployment decides."""

from __future__ import annotations

from typing import Optional, TypedDict, Union

from deploy.agent.contract.envelope import StackRequest

# A single-key document: the kind of an item, and its path in the folder.
DataItem = dict[str, str]


class _CopiedData(TypedDict):
    service: str
    host_path: str
    items: list[DataItem]


class CopiedData(_CopiedData, total=False):
    """User data of a service: the folder, and the parts of it that are copied."""

    left_out: list[str]
    """Paths in its trees that are not copied; a restore leaves them where they are."""


class Collecting(TypedDict):
    """The releases that stay, and the folders of models."""

    keep: list[str]
    model_folders: list[str]


class Copying(CopiedData, total=False):
    """User data of a service to copy."""

    to: str
    """Folder of the copy; one under the stack's root where it is left out."""
    release: str | None


class Nothing(TypedDict):
    """A verb whose request is the stack's alone: the release says the rest."""


class Watching(TypedDict):
    """A backup of what changed, at most one in each interval."""

    watch_seconds: int


JobWork = Union[Collecting, Copying, Nothing, Watching]


class JobRequest(StackRequest):
    """A verb that the host's scheduler runs."""

    job: str
    verb: str
    request: JobWork
    patience_seconds: float


# The answer of the verb that the job ran; None for a verb without one.
JobAnswer = Optional[dict[str, object]]
