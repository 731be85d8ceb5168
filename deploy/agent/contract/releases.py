"""Releases and containers: what is placed, converged, accepted, started and stopped; copies of user data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypedDict

from deploy.agent.contract.envelope import Changed, StackRequest
from deploy.agent.contract.jobs import CopiedData, Copying
from deploy.agent.contract.places import Handover, Owner, Place, SettledPlace
from deploy.agent.contract.trials import Trial


class Floors(TypedDict):
    """The oldest versions of Docker and Compose that do."""

    engine: str
    compose: str


class DockerRequest(StackRequest):
    """The versions that a host must have."""

    floors: Floors


class DockerAnswer(Changed):
    """The versions that a host has."""

    engine: str
    compose: str


class LateRequest(StackRequest):
    """Kernel settings that a stack needs."""

    settings: list[str]


class PlacedFile(TypedDict):
    """A file of a release, by its path from the stack's root."""

    path: str
    content: str
    mode: str
    sha256: str


class PlaceRequest(StackRequest):
    """A release with its files."""

    release: str
    files: list[PlacedFile]


class PlaceAnswer(Changed):
    """The paths that were written, and those that were given back to their owner."""

    placed: list[str]
    mended: list[str]


class Copy(CopiedData, Owner):
    """The user data that is copied before an image changes."""


class _Service(TypedDict):
    action: str
    """The plan's action, or `keep` for a service that stays as it is; `leave` for one that cannot run."""


class Service(_Service, total=False):
    """A service as it shall be; one that is removed has its action alone."""

    image: str
    health_timeout: float | None
    copy: Copy | None
    place: SettledPlace | None
    owners: list[Handover]
    data_version: str | None
    trial: Trial | None


BackTo = Literal["", "before", "current"]
"""Target of a rollback: the release from before an unsettled apply, the running one, or the agent's own choice."""


class _ConvergeRequest(StackRequest):
    release: str
    order: list[str]
    services: dict[str, Service]


class ConvergeRequest(_ConvergeRequest, total=False):
    """The release to run, and what happens to each service."""

    hosts: list[str]
    """Hosts that get a release in the same apply, this one included."""
    back_to: BackTo


class Healthy(TypedDict):
    """A container that is healthy, and the seconds that it took."""

    id: str
    health: str | None
    seconds: float


class ConvergeAnswer(Changed):
    """The containers that became healthy."""

    services: dict[str, Healthy]


class RollBackAnswer(Changed):
    """The result of a rollback that another host's failure asked for."""

    words: str
    """Result in words: the release that runs again, or why nothing was rolled back."""


class _AcceptRequest(StackRequest):
    release: str


AuditLine = TypedDict(
    "AuditLine",
    {"host": str, "user": str, "from": str, "kit": str, "commit": "str | None", "changed": list[str]},
)
"""The person, machine and changes of an apply. It is no class, for `from` is a keyword of Python."""


class AcceptRequest(_AcceptRequest, total=False):
    """A release whose checks passed."""

    alone: bool
    """True if no other host has a release to accept; else `settle` follows once all have."""

    audit: AuditLine
    places: dict[str, Place]
    origin: str
    """Control node and path of kit.yaml."""


class ServicesRequest(StackRequest, total=False):
    """Services to stop or start; all of them where none is named."""

    services: list[str]
    health_timeouts: Mapping[str, float]


class ServicesAnswer(Changed):
    """The services that changed."""

    services: list[str]


class CopyRequest(StackRequest, Copying):
    """User data to copy now."""


class CopyAnswer(Changed):
    """The copy's folder and how many files it has."""

    folder: str
    files: int


class PutBackRequest(StackRequest):
    """A copy to put back."""

    service: str
    folder: str


class PutBackAnswer(Changed):
    """The folder with the newer data."""

    aside: str


class UnitsAnswer(Changed):
    """The files that were placed in the host's scheduler, and the paths that were removed."""

    placed: list[str]
    removed: list[str]
