"""Types that every room shows to the rest of the kit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal, TypeAlias

from deploy.deployment.cards import Cards
from deploy.deployment.engines import Engine, ModelFile, NamedEngine
from deploy.deployment.folders import Owner
from deploy.deployment.image import Image, ImageOrigin
from deploy.deployment.jobs import Job
from deploy.deployment.memory import Shape
from deploy.deployment.model_source import ModelSource
from deploy.deployment.models import CreatedModel
from deploy.deployment.offers import Inside, Offer
from deploy.deployment.port import Port
from deploy.deployment.recipe import ImageSource
from deploy.deployment.service import Service
from deploy.fields.service import OPEN_WORDS, ContainerSpec, ServiceSpec
from deploy.stack import Stack

Cause: TypeAlias = Literal["own key", "engine's key", "model unknown", "model absent", "late", "away"]
"""Cause of a question that a gateway passed on in vain."""
LOCAL_ADDRESS = "127.0.0.1"
CauseOf: TypeAlias = Callable[[int, str], Cause | None]
"""Function that finds the cause by a refusal's status and words."""


@dataclass(frozen=True)
class LockedModel:
    """A model of the spec with the lock's facts about its file."""

    name: str
    sha256: str
    size_bytes: int
    source: ModelSource
    context_length: int
    has_chat_template: bool


@dataclass(frozen=True)
class Guarded:
    """An engine without authentication that other machines reach through a guard."""

    engine: str
    inside: Inside
    """Address of the engine in its networks."""
    offers: tuple[Offer, ...]
    addresses: tuple[str, ...]
    """Addresses of the host that other machines reach."""
    host_port: int


@dataclass(frozen=True)
class Site:
    """Facts about the place that a room is resolved for."""

    stack: str
    own_image: Image | None
    """Image of the service; None for an engine that the kit does not run."""
    models: tuple[LockedModel, ...] = ()
    """Files that the spec wants this service to open."""
    created: tuple[CreatedModel, ...] = ()
    """Models that the spec wants created on this engine."""
    named: tuple[tuple[str, str], ...] = ()
    """Models that this engine already has, each with the name that it knows."""
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Addresses of the host, by the word of `publish` that stands for them."""
    embedding: str | None = None
    """Model that the spec uses for embeddings."""
    cards: Cards | None = None
    """Graphics cards of the host, for a service that needed the host's answer."""
    shapes: Mapping[str, Shape | str] = field(default_factory=dict)
    """Sizes of its models by name, or why they are unknown; empty for a service without a card."""
    name: str = ""
    """Name of a guard on this host; every other service is named by the spec."""
    guarded: tuple[Guarded, ...] = ()
    """Engines of this host that a guard stands before."""

    def data_of(self, name: str) -> str:
        """Return the folder of a service's user data; kit.yaml can name another one."""
        return Stack(self.stack).data_of(name)

    @property
    def image(self) -> Image:
        """Return the image of a service that the kit runs."""
        if self.own_image is None:
            raise TypeError("this runs without an image")
        return self.own_image

    def ports(self, spec: ServiceSpec, default: int, container_port: int) -> tuple[Port, ...]:
        """Publish the service where the spec says; without authentication, on the host alone."""
        addresses = self._addresses(spec)
        if not spec.traits.has_authentication:
            addresses = [address for address in addresses if _is_own(address)] or [LOCAL_ADDRESS]
        return tuple(Port(address, spec.port_or(default), container_port) for address in addresses)

    def guarded_addresses(self, spec: ServiceSpec) -> tuple[str, ...]:
        """Return the addresses of the spec that only a guard may publish a service on."""
        return tuple(address for address in self._addresses(spec) if not _is_own(address))

    def _addresses(self, spec: ServiceSpec) -> list[str]:
        return list(dict.fromkeys(address for place in spec.places for address in self._meant(place)))

    def _meant(self, place: str) -> tuple[str, ...]:
        """Return the addresses behind a word of `publish`."""
        if place == "local":
            return (LOCAL_ADDRESS,)
        return self.addresses[place] if place in OPEN_WORDS else (place,)


@dataclass(frozen=True)
class Resolved:
    """Decisions of a room: its container, the models it needs, and its offers."""

    own_service: Service | None
    """Container of the service; None for an engine that the kit does not run."""
    models: tuple[ModelFile, ...] = ()
    offers: tuple[Offer, ...] = ()
    engine: Engine | None = None
    named_engine: NamedEngine | None = None
    jobs: tuple[Job, ...] = ()
    """Work that the host does for it by itself, on a schedule."""

    @property
    def service(self) -> Service:
        """Return the container of a service that the kit runs."""
        if self.own_service is None:
            raise TypeError("this runs without a container of the kit's")
        return self.own_service


@dataclass(frozen=True)
class Room:
    """A component: its decisions, and the making of its image."""

    kind: str
    title: str
    """Name of the program, as a person reads it."""
    resolve: Callable[[Any, Site, tuple[Offer, ...]], Resolved]
    image: Callable[[Any, ImageOrigin], ImageSource] | None
    """Image for the user's spec (its version, say), to build or to pull; None for an engine that the kit does not run.
    """
    cause_of: CauseOf | None = None
    """Reader of a gateway's refusals; None for a component that passes no questions on."""
    is_bridged: bool = False
    """True if people reach its data and add documents to it; its program for hosts has an operation `add` then."""


def _is_own(address: str) -> bool:
    return ip_address(address).is_loopback


def owner_of(spec: ContainerSpec, default_uid: int) -> Owner:
    """Return the UID:GID that runs the service and owns its data."""
    if spec.user is None:
        return Owner(default_uid, default_uid)
    uid, gid = spec.user.split(":")
    return Owner(int(uid), int(gid))
