"""Fields that every service in kit.yaml has, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from deploy.deployment.image import ImageOrigin
from deploy.fields.gpu import CardUse
from deploy.fields.host import PlacedSpec
from deploy.fields.owners import Owner
from deploy.fields.publishing import Publish
from deploy.fields.values import Duration, Port, Size
from deploy.strict import Strict


@dataclass(frozen=True)
class Traits:
    """Facts of a kind that cross checks need."""

    default_port: int
    has_authentication: bool
    """True if it asks for a key or a sign-in; a service without is never published beyond its host."""
    offers_chat: bool = False
    version_floor: tuple[str, str] = ("", "")
    """Oldest accepted release if one is, and the reason why older ones are refused."""
    bad_versions: tuple[tuple[str, str], ...] = ()
    """Single releases that are refused, each with its reason."""


OPEN_WORDS = ("lan", "all")
"""Words of `publish` whose addresses kit.lock holds."""


class KindSpec(Strict):
    """The field that tells components apart."""

    kind: str


class PublishedSpec(KindSpec):
    """Fields of a service with a port of its own."""

    port: Port | None = None
    """Port on this host; each kind has its own default."""
    publish: Publish = "local"
    """Machines that may reach the port: local (this one), lan (its local networks), all, an address, or several."""
    egress: Literal["none", "any"] | None = None
    """Way out to the network; by default none, unless the service needs one."""


class ContainerSpec(KindSpec):
    """Fields of everything that runs in a container of the kit's."""

    is_buildable: ClassVar[bool] = True
    """False if its image is always pulled."""
    only_pulled: ClassVar[tuple[str, ...]] = ()
    """Fields that only a pulled image takes."""

    source: ImageOrigin | None = None
    """Source of its image: build or pull; by default what `images` says."""
    user: Owner | None = None
    """UID:GID that the service runs as and that owns its data; by default the kind's own."""
    memory: Size | None = None
    """Memory limit; by default the kind's own."""
    health_timeout: Annotated[Duration, Field(json_schema_extra={"default": "3m"})] = 180
    """Longest time until a started service must be healthy."""


# The documentation lists a field after those of the class behind it.
class ServiceSpec(ContainerSpec, PublishedSpec, PlacedSpec):
    """Fields that every engine, gateway and web UI has."""

    traits: ClassVar[Traits]
    shortest: ClassVar[str]
    """Shortest valid YAML of this kind."""

    @property
    def card_use(self) -> CardUse | None:
        """Return the graphics cards that it computes on; None for the CPU."""
        return None

    @property
    def places(self) -> tuple[str, ...]:
        """Words and addresses that the port is published on."""
        return (self.publish,) if isinstance(self.publish, str) else self.publish

    @property
    def is_open(self) -> bool:
        """True if other machines may reach the port."""
        return any(
            place in OPEN_WORDS or (place != "local" and not ip_address(place).is_loopback) for place in self.places
        )

    def port_or(self, default: int) -> int:
        """Return the port that the user chose, or the kind's default."""
        return default if self.port is None else self.port
