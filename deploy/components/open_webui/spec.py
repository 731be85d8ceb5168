"""Fields of Open WebUI."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from deploy.fields.gpu import CardUse
from deploy.fields.owners import PersonOwner
from deploy.fields.service import ServiceSpec, Traits
from deploy.fields.values import HostPath, ModelName, Version, host_path
from deploy.fields.variables import Variables
from deploy.nearest import email_near, host_near, name_near, not_allowed, origin_near
from deploy.strict import Strict, several, shown

DEFAULT_PORT = 3000
ADMIN_EMAIL = "kit@localhost"
"""The kit's own administrator, which no person can be."""
_PATTERN = r"(https?)://(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::([1-9][0-9]{0,4}))?"
_ORIGIN = re.compile(_PATTERN)
_EMAIL = re.compile(r"[a-z0-9._%+-]+@[a-z0-9.-]+")
_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
VERSION_FLOOR = ("0.9.0", "one user could act on another's tasks (GHSA-frv8-gffc-37px)")


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        near, faults = email_near(value), not_allowed(value, "a-z0-9._%+@-")
        propose = f"; write {near}" if near != value and _EMAIL.fullmatch(near) else ""
        words = {"value": shown(value), "faults": faults, "propose": propose}
        raise PydanticCustomError("email", "{value} is not an e-mail address in small letters{faults}{propose}", words)
    if value == ADMIN_EMAIL:
        raise PydanticCustomError("email", "{value} is the kit's own account; choose another address", {"value": value})
    return value


def _address(value: str) -> str:
    """Check an address for the exact form in which a browser names a page's origin."""
    match = _ORIGIN.fullmatch(value)
    parts = re.findall(r"[^\s,;]+", value)
    if len(parts) > 1 and all(_ORIGIN.fullmatch(part) for part in parts):
        words = "{value} is several addresses; write them as a list: `url: [{listed}]`"
        listed = ", ".join(f'"{part}"' for part in parts)
        raise PydanticCustomError("url", words, {"value": shown(value), "listed": listed})
    if match is None or int(match[2] or 0) > 65535:
        words = "{value} is not an address such as https://chat.example.org: {wrong}"
        raise PydanticCustomError("url", words, {"value": shown(value), "wrong": _wrong(value)})
    if int(match[2] or 0) == _DEFAULT_PORTS[match[1]]:
        raise PydanticCustomError("url", "{value}: leave out the port, as browsers do", {"value": shown(value)})
    return value


def _wrong(value: str) -> str:
    """Return the fault of an address and the address to write."""
    scheme, colon, rest = value.partition("://")
    bare = f"https://{value}" if not colon else value
    host = re.split(r"[/?#]", rest if colon else value)[0]
    name = host if host.startswith("[") else host.partition(":")[0]
    near = origin_near(bare)
    propose = f"; write {near}" if near != value and _ORIGIN.fullmatch(near) else ""
    if not name.isascii():
        return f"browsers send {name} as {host_near(name)}, its form in punycode{propose}"
    if not name.startswith("[") and (faults := not_allowed(name, "A-Za-z0-9.-")):
        given = f"{propose}, and give the host that name" if propose else ""
        return f"a host's name holds a to z, 0 to 9, '-' and '.'{faults}{given}"
    if colon and scheme.lower() not in _DEFAULT_PORTS:
        return f"it begins with http:// or https://{propose}"
    return f"small letters, no path, no last slash{propose}"


_ADDRESS = {"type": "string", "pattern": f"^{_PATTERN}$", "examples": ["https://chat.example.org"]}
Address = Annotated[str, AfterValidator(_address), WithJsonSchema(_ADDRESS)]


def _listed(value: Any) -> Any:
    # Behind a validator of Python's own, a list is no tuple any more.
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _each_once(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise PydanticCustomError("url", "names no address; write one, or leave `url` out", {})
    twice = [
        ((place,), f"{address} is written twice; keep one")
        for place, address in enumerate(value)
        if address in value[:place]
    ]
    if twice:
        raise several(twice)
    return value


Addresses = Annotated[
    tuple[Address, ...],
    BeforeValidator(_listed),
    AfterValidator(_each_once),
    WithJsonSchema({"anyOf": [_ADDRESS, {"type": "array", "items": _ADDRESS, "minItems": 1}]}),
]


def _former(value: str) -> str:
    if "/" in value or value.startswith("~"):
        return host_path(value)
    if not _VOLUME.fullmatch(value):
        near = name_near(value)
        told = {
            "value": shown(value),
            "faults": not_allowed(value, "A-Za-z0-9_.-"),
            "propose": f"; write {near}" if _VOLUME.fullmatch(near) else "",
        }
        words = "{value} is neither a Docker volume's name nor a folder such as /home/ada/open-webui{faults}{propose}"
        raise PydanticCustomError("source", words, told)
    return value


Former = Annotated[
    str,
    AfterValidator(_former),
    WithJsonSchema({"type": "string", "pattern": f"^(?:/.+|{_VOLUME.pattern})$", "examples": ["open-webui"]}),
]


class Admin(Strict):
    """The administrator of the web UI."""

    email: Annotated[str, AfterValidator(_email)] = "admin@localhost"
    """Sign-in name of the first administrator."""


class OpenWebUI(ServiceSpec):
    """The web page for people who chat."""

    shortest: ClassVar[str] = "{kind: open_webui}"
    traits: ClassVar[Traits] = Traits(DEFAULT_PORT, has_authentication=True, version_floor=VERSION_FLOOR)

    only_pulled: ClassVar[tuple[str, ...]] = ("variant",)

    kind: Literal["open_webui"] = "open_webui"
    """The component: open_webui."""
    version: Version | None = None
    """Release of Open WebUI; by default the release that this kit was tested with."""
    embedding: ModelName | None = None
    """Model that turns documents into vectors; by default a pulled image's own; without any, no search."""
    variant: Literal["main", "slim", "cuda"] = "main"
    """Image to pull: main (with its own model for vectors), cuda (that on an NVIDIA card) or slim (without)."""
    through: Literal["gateway", "engines"] | None = None
    """Source of its models: the gateway, or each engine by itself; by default the gateway, if there is one."""
    bridge: HostPath | None = None
    """Folder of this host that holds the web UI's data (its data/); by default under /srv/kit."""
    bridge_user: PersonOwner | None = None
    """UID:GID of the person who reads the bridge's data/, and puts files into its static/uploads/ and config/."""
    import_from: Former | None = None
    """Docker volume or folder of an Open WebUI that ran before the kit; the first apply copies its data."""
    url: Addresses | None = None
    """Address that people open, such as a proxy's, or a list with the main one first; by default the published one."""
    admin: Admin = Admin()
    """The first administrator."""

    @property
    def card_use(self) -> CardUse | None:
        """Return the cards that its model for vectors computes on; None for the CPU."""
        return CardUse("nvidia", "variant: main") if self.variant == "cuda" else None

    @property
    def public_url(self) -> str | None:
        """Return the address to tell people; None for the published one."""
        return next(iter(self.url or ()), None)

    @field_validator("variant")
    @classmethod
    def _can_search(cls, value: str, info: ValidationInfo) -> str:
        if value == "slim" and info.data.get("embedding") is not None:
            words = "slim has no store for vectors; write main, or leave `embedding` out"
            raise PydanticCustomError("source", words, {})
        return value

    @field_validator("bridge_user")
    @classmethod
    def _has_a_bridge(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("bridge") is None:
            words = "names the person of a bridge, and there is none; write `bridge: /srv/open-webui` beside it"
            raise PydanticCustomError("source", words, {})
        return value

    @classmethod
    def variables(cls) -> Variables:
        """Return the variables of the program itself, for messages to a person who writes one of them here."""
        from deploy.components.open_webui.variables import VARIABLES

        return VARIABLES
