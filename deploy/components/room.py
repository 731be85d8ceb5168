"""What every room shows to the rest of the kit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from deploy.deployment.engines import Engine, ModelFile, NamedEngine
from deploy.deployment.folders import Owner
from deploy.deployment.image import Image
from deploy.deployment.models import CreatedModel
from deploy.deployment.offers import Offer
from deploy.deployment.port import Port
from deploy.deployment.recipe import ImageSource
from deploy.deployment.service import Service
from deploy.fields.service import OPEN_WORDS, ServiceSpec
from deploy.stack import Stack

Cause: TypeAlias = Literal["own key", "engine's key", "model unknown", "model absent", "late", "away"]
"""Why a gateway passed a question on in vain."""
CauseOf: TypeAlias = Callable[[int, str], Cause | None]
"""Finds the cause by the status and the words of a refusal."""


@dataclass(frozen=True)
class LockedModel:
    """A model of the spec with what the lock knows of its file."""

    name: str
    sha256: str
    size_bytes: int
    source: dict[str, Any]
    context_length: int
    has_chat_template: bool


@dataclass(frozen=True)
class Site:
    """What a room may know of the place that it is resolved for."""

    stack: str
    own_image: Image | None
    """None for what the kit does not run."""
    models: tuple[LockedModel, ...] = ()
    """Files that the spec wants this service to open."""
    created: tuple[CreatedModel, ...] = ()
    """Models that the spec wants created on this engine."""
    named: tuple[tuple[str, str], ...] = ()
    """Models that this engine has already, each with the name that it knows."""
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The host's addresses, by the word of `publish` that means them."""
    embedding: str | None = None
    """The model that somebody in the spec wants to turn text into vectors with."""

    def data_of(self, name: str) -> str:
        """Return the folder of one service's user data, where kit.yaml names no other one."""
        return Stack(self.stack).data_of(name)

    @property
    def image(self) -> Image:
        """The image of what the kit runs."""
        if self.own_image is None:
            raise TypeError("this runs without an image")
        return self.own_image

    def ports(self, spec: ServiceSpec, default: int, container_port: int) -> tuple[Port, ...]:
        """Publish the service where the spec says."""
        addresses = dict.fromkeys(address for place in spec.places for address in self._meant(place))
        return tuple(Port(address, spec.port_or(default), container_port) for address in addresses)

    def _meant(self, place: str) -> tuple[str, ...]:
        """Return the addresses behind what `publish` says."""
        if place == "local":
            return ("127.0.0.1",)
        return self.addresses[place] if place in OPEN_WORDS else (place,)


@dataclass(frozen=True)
class Resolved:
    """A room's decisions: its container, the models it needs, and what it gives to others."""

    own_service: Service | None
    """None for what the kit does not run."""
    models: tuple[ModelFile, ...] = ()
    offers: tuple[Offer, ...] = ()
    engine: Engine | None = None
    named_engine: NamedEngine | None = None

    @property
    def service(self) -> Service:
        """The container of what the kit runs."""
        if self.own_service is None:
            raise TypeError("this runs without a container of the kit's")
        return self.own_service


@dataclass(frozen=True)
class Room:
    """One component: how it is decided, and how its image is made."""

    kind: str
    resolve: Callable[[Any, Site, tuple[Offer, ...]], Resolved]
    image: Callable[[Any], ImageSource] | None
    """Where the image comes from, for what the user wrote (a version, say); None for what the kit does not run."""
    cause_of: CauseOf | None = None
    """How to read the refusals of a gateway; None for what passes nothing on."""


def owner_of(spec: ServiceSpec, default_uid: int) -> Owner:
    """Return who runs the service and owns its data."""
    if spec.user is None:
        return Owner(default_uid, default_uid)
    uid, gid = spec.user.split(":")
    return Owner(int(uid), int(gid))
