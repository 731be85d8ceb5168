"""What every room shows to the rest of the kit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deploy.deployment import Image, ModelFile, Owner, Port, Service
from deploy.offers import Offer
from deploy.recipe import Recipe
from deploy.spec.service import ServiceSpec


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
    root: str
    data_root: str
    image: Image
    models: tuple[LockedModel, ...]
    """Models that the spec puts on this service, by name."""

    def ports(self, spec: ServiceSpec, default: int, container_port: int) -> tuple[Port, ...]:
        """Publish the service where the spec says."""
        address = "127.0.0.1" if spec.publish == "local" else spec.publish
        return (Port(address, spec.port_or(default), container_port),)


@dataclass(frozen=True)
class Resolved:
    """A room's decisions: its container, the model files it needs, and what it gives to others."""

    service: Service
    models: tuple[ModelFile, ...] = ()
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True)
class Room:
    """One component: how it is decided, and how its image is made."""

    kind: str
    resolve: Callable[[Any, Site, tuple[Offer, ...]], Resolved]
    recipe: Callable[[Any], Recipe]
    """The image's recipe for what the user wrote (a version, say)."""


def owner_of(spec: ServiceSpec, default_uid: int) -> Owner:
    """Return who runs the service and owns its data."""
    if spec.user is None:
        return Owner(default_uid, default_uid)
    uid, gid = spec.user.split(":")
    return Owner(int(uid), int(gid))
