"""Words and addresses on which a host publishes a service."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from deploy.strict import several, shown

PUBLISH_WORDS = ("local", "lan", "all")
"""Words for addresses: the host alone, its local networks, every address."""


def _publish(value: object) -> str | tuple[str, ...]:
    """Return the words and addresses of `publish`: a single one, or a list of several."""
    if not isinstance(value, list | tuple):
        text, wrong = _place(value)
        if wrong:
            raise several([((), wrong)])
        return text
    places = [_place(place) for place in value]
    faults: list[tuple[tuple[str | int, ...], str]] = [((at,), wrong) for at, (_, wrong) in enumerate(places) if wrong]
    if "all" in value and len(value) > 1:
        faults.append(((value.index("all"),), "means every address already; write `publish: all`, without a list"))
    if not value:
        faults.append(((), "names no address; write `publish: local` for the host alone"))
    if faults:
        raise several(faults)
    return tuple(dict.fromkeys(text for text, _ in places))


def _place(value: object) -> tuple[str, str]:
    """Return a word or an address to publish on, and its fault."""
    if value in PUBLISH_WORDS:
        return value, ""
    try:
        address = ip_address(value if isinstance(value, str) else "")
    except ValueError:
        told = f"{shown(value)} is neither {', '.join(PUBLISH_WORDS)} nor an address of this host"
        return "", f"{told}{_meant(value) if isinstance(value, str) else ''}"
    bare = getattr(address, "ipv4_mapped", None) or address
    if bare.is_unspecified:
        return "", f"{shown(value)} means every network; name the address to listen on, or write `publish: all`"
    # Docker cannot say on which interface a link-local address of IPv6 is meant.
    is_scoped = bare.version == 6 and bare.is_link_local
    if bare.is_multicast or is_scoped or (bare.version == 4 and bare.is_reserved):
        return "", f"{shown(value)} is not an address to listen on"
    return str(bare), ""


_MEANT = {
    "*": "all",
    "any": "all",
    "everywhere": "all",
    "public": "all",
    "host": "local",
    "localhost": "local",
    "loopback": "local",
}
_NETWORK = re.compile(r"[0-9A-Fa-f.:]+/[0-9]{1,3}")
_PORT = re.compile(r"(.*[^:\d\]]|\[[^\]]*\]|[\d.]+|):\d+(:\d+)?")


def _meant(value: str) -> str:
    """Return what to write instead of a place that is written as other programs write it."""
    word = value.strip().lower()
    if word in PUBLISH_WORDS or word in _MEANT:
        return f"; write `{_MEANT.get(word, word)}`"
    parts = re.findall(r"[^\s,;]+", value)
    if len(parts) > 1:
        return f"; several stand in a list: `publish: [{', '.join(parts)}]`"
    if _NETWORK.fullmatch(value):
        return "; a network cannot be listened on, `lan` is each address that the host has in its local networks"
    if _PORT.fullmatch(value):
        return "; the port stands in `port`, the address alone here"
    return "; an address of IPv6 stands here without brackets" if value.startswith("[") else ""


def _own_address(value: str) -> str:
    try:
        address = ip_address(value)
    except ValueError:
        raise PydanticCustomError("name", "{value} is no address", {"value": shown(value)}) from None
    if address.is_unspecified or address.is_multicast or str(address) != value:
        raise PydanticCustomError("name", "{value} is no address to listen on", {"value": shown(value)})
    return value


_PLACE = {"type": "string", "examples": ["local", "lan", "all", "192.168.1.20"]}


Publish = Annotated[
    str | tuple[str, ...],
    PlainValidator(_publish),
    WithJsonSchema(
        {
            "anyOf": [_PLACE, {"type": "array", "items": _PLACE, "minItems": 1}],
            "examples": ["lan", ["192.168.1.20", "fd00::20"]],
        }
    ),
]


HostAddress = Annotated[str, AfterValidator(_own_address)]
