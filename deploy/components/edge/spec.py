"""Fields of the edge."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address, ip_network
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from deploy.fields.keys import Key
from deploy.fields.service import ContainerSpec
from deploy.fields.variables import Variables
from deploy.strict import shown


def _peer(value: str) -> str:
    """Check an address or a network of IPv4, and return it in its short form."""
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        words = "{value} is neither an address such as 192.168.1.30 nor a network such as 192.168.1.0/24"
        raise PydanticCustomError("name", words, {"value": shown(value)}) from None
    if not isinstance(network, IPv4Network):
        words = "{value} is an address of IPv6, and Docker hides those; give that machine the key"
        raise PydanticCustomError("name", words, {"value": shown(value)})
    if not network.prefixlen:
        words = "{value} is everybody, who then needs no key; name machines or networks"
        raise PydanticCustomError("name", words, {"value": shown(value)})
    if wrong := _never_a_client(network):
        raise PydanticCustomError("name", "{value} is {wrong}", {"value": shown(value), "wrong": wrong})
    if "/" in value and ip_address(value.partition("/")[0]) != network.network_address:
        words = "{value} is a machine of the network {network}; write either of them alone"
        raise PydanticCustomError("name", words, {"value": shown(value), "network": str(network)})
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _never_a_client(network: IPv4Network) -> str:
    if network.overlaps(IPv4Network("127.0.0.0/8")):
        return "the host itself, which reaches the engine without the edge; leave it out"
    return "no address of a machine; leave it out" if network.is_multicast or network.is_unspecified else ""


Peer = Annotated[
    str,
    AfterValidator(_peer),
    WithJsonSchema({"type": "string", "examples": ["192.168.1.30", "192.168.1.0/24"]}),
]


class Edge(ContainerSpec):
    """The proxy before engines without authentication: an engine's `publish: lan` opens it there, with a key."""

    refused: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("port", "publish", "host"), "stands at each engine: the edge opens an engine there"),
        "engines": "`publish` at an engine puts the edge before it; leave it out",
        "tls": "TLS is not supported yet; put a proxy with a certificate in front",
    }

    kind: Literal["edge"] = "edge"
    """The component: edge."""
    peers: tuple[Peer, ...] = ()
    """Addresses or networks of IPv4 whose machines need no key."""
    key: Key | None = None
    """Place of the key that clients send, if you have one: env:NAME or file:PATH; by default the kit makes a key."""

    x_api_key: bool = False
    """Take the key also in the header `x-api-key`, as clients of Anthropic's API send it."""

    @classmethod
    def variables(cls) -> Variables:
        """Return the variables of the program itself, for messages to a person who writes one of them here."""
        from deploy.components.edge.variables import VARIABLES

        return VARIABLES
