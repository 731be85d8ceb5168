"""What every service in kit.yaml has, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from deploy.fields.publishing import Publish
from deploy.fields.values import Duration, Owner, Port, Size
from deploy.strict import Strict


@dataclass(frozen=True)
class Traits:
    """What cross checks need to know of a kind."""

    default_port: int
    has_authentication: bool
    """Whether it asks for a key or a sign-in; without, it is never published beyond this machine."""
    offers_chat: bool = False
    version_floor: tuple[str, str] = ("0", "")
    """The oldest release that is accepted, and what is wrong with those before it."""
    bad_versions: tuple[tuple[str, str], ...] = ()
    """Single releases that are refused, each with the reason."""


OPEN_WORDS = ("lan", "all")
"""Words of `publish` for addresses that kit.lock holds."""


class ServiceSpec(Strict):
    """Fields that each engine, gateway and web UI shares."""

    traits: ClassVar[Traits]
    shortest: ClassVar[str]
    """The least that may be written about it, as YAML."""

    kind: str
    port: Port | None = None
    """Port on this host; each kind has its own default."""
    publish: Publish = "local"
    """Who may reach the port: local (this machine), lan (its local networks), all, an address, or a list of these."""
    egress: Literal["none", "any"] | None = None
    """Way out to the network; left out, the kit gives none unless the service needs one."""
    user: Owner | None = None
    """UID:GID that the service runs as and that owns its data; left out, the kind's own."""
    memory: Size | None = None
    """Memory limit; left out, the kind's own."""
    health_timeout: Annotated[Duration, Field(json_schema_extra={"default": "3m"})] = 180
    """How long a start may take until the service must be healthy."""

    @property
    def places(self) -> tuple[str, ...]:
        """Words and addresses that the port is published on."""
        return (self.publish,) if isinstance(self.publish, str) else self.publish

    @property
    def is_open(self) -> bool:
        """Whether other machines may reach the port."""
        return any(
            place in OPEN_WORDS or (place != "local" and not ip_address(place).is_loopback) for place in self.places
        )

    def port_or(self, default: int) -> int:
        """Return the port that the user chose, or the kind's default."""
        return default if self.port is None else self.port
