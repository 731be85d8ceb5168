"""The host's own addresses, from the kernel: those of its local networks, and all that a port can listen on."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from deploy.agent.contract import FORMAT
from deploy.agent.journal import Journal

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Request
    from deploy.agent.contract.hardware import AddressesAnswer

ROUTES = Path("/proc/net/route")
UFW = Path("/etc/ufw/ufw.conf")
LAB = ("192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", *LAB)))
"""Ranges that no internet router forwards, including those for documentation and benchmarks."""
RTM_NEWLINK, RTM_GETLINK, RTM_NEWADDR, RTM_GETADDR = 16, 18, 20, 22
NLM_F_REQUEST_DUMP, NLMSG_ERROR, NLMSG_DONE = 0x301, 2, 3
IFLA_IFNAME, IFLA_MASTER, IFLA_LINKINFO, IFLA_INFO_KIND = 3, 10, 18, 1
IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS = 1, 2, 8
FOR_A_MOMENT = 0x01 | 0x20 | 0x08 | 0x40
"""Flags of an unstable or unusable address: temporary, deprecated, failed or tentative."""
SCOPE_GLOBAL, SCOPE_HOST = 0, 254
ETHERNET, LOOPBACK = 1, 772
IPV4 = 4
FAMILIES = (socket.AF_INET, socket.AF_INET6)
INNER_PORTS = ("veth", "tun")
"""Kinds of bridge ports that lead to containers and virtual machines."""


class Link(NamedTuple):
    """A network interface."""

    number: int
    name: str
    hardware: int
    kind: str
    """Kind of a virtual interface; empty for a network card."""
    master: int
    """Index of the bridge that it is a port of."""


class Address(NamedTuple):
    """An address of an interface."""

    link: int
    text: str
    flags: int
    scope: int


def run(_request: Request, _journal: Journal) -> AddressesAnswer:
    """Return the host's addresses."""
    return {"format": FORMAT, "addresses": observe()}


def observe() -> dict[str, list[str]]:
    """Return the host's addresses by the word of kit.yaml that means them."""
    try:
        links = {link.number: link for link in _links()}
        return sorted_out(links, list(_addresses()), _routed())
    except OSError:
        return {"lan": [], "all": []}


def is_own(address: str) -> bool:
    """True if the host has an address; a test by listening is unreliable, as the kernel may allow other addresses."""
    value = ip_address(address)
    if value.version == IPV4 and value.is_loopback:
        return True
    return address in {own.text for own in _addresses()}


def has_ufw() -> bool:
    """True if the host's firewall ufw is on: Docker publishes ports past its rules."""
    try:
        lines = UFW.read_text(errors="replace").lower().splitlines()
    except OSError:
        return False
    values = [line.partition("=")[2].strip(" \"'") for line in lines if line.strip().startswith("enabled=")]
    return values[-1:] == ["yes"]


def sorted_out(links: dict[int, Link], addresses: list[Address], routed: set[str]) -> dict[str, list[str]]:
    """Separate addresses of local networks from the others; link-local ones need a zone and are left out."""
    inner = {link.number for link in links.values() if _is_inner(link, links, routed)}
    lasting = [address for address in addresses if not address.flags & FOR_A_MOMENT and address.link in links]
    outer = [each for each in lasting if each.link not in inner and each.scope in (SCOPE_GLOBAL, SCOPE_HOST)]
    lan = [address.text for address in outer if links[address.link].hardware == ETHERNET and _is_local(address, links)]
    return {"lan": _ordered(lan), "all": _ordered([address.text for address in outer])}


def _is_local(address: Address, links: dict[int, Link]) -> bool:
    value = ip_address(address.text)
    # A tap of a VPN looks like a card, and its network is somebody else's.
    is_private = any(value in network for network in PRIVATE if network.version == value.version)
    return is_private and links[address.link].kind != "tun"


def _is_inner(link: Link, links: dict[int, Link], routed: set[str]) -> bool:
    """True if a link is a bridge for containers: no port of it is a card, and no default route uses it."""
    if link.kind != "bridge" or link.name in routed:
        return False
    return all(port.kind in INNER_PORTS for port in links.values() if port.master == link.number)


def _ordered(texts: list[str]) -> list[str]:
    """Sort addresses by number, IPv4 first, so that a host always gives the same lines."""
    return sorted(set(texts), key=lambda text: (ip_address(text).version, int(ip_address(text))))


def _routed() -> set[str]:
    """Return the interfaces of default routes."""
    try:
        rows = [line.split() for line in ROUTES.read_text().splitlines()[1:]]
    except OSError:
        return set()
    return {row[0] for row in rows if len(row) > 1 and row[1] == "00000000"}


def _links() -> Iterator[Link]:
    for body in _dump(RTM_GETLINK, RTM_NEWLINK):
        _, hardware, index = struct.unpack_from("=BxHi", body)
        attributes = _attributes(body, 16)
        inside = _attributes(attributes.get(IFLA_LINKINFO, b""), 0)
        master = int.from_bytes(attributes.get(IFLA_MASTER, b"\0"), sys.byteorder)
        yield Link(index, _text(attributes.get(IFLA_IFNAME)), hardware, _text(inside.get(IFLA_INFO_KIND)), master)


def _addresses() -> Iterator[Address]:
    for body in _dump(RTM_GETADDR, RTM_NEWADDR):
        family, _, flags, scope, index = struct.unpack_from("=BBBBI", body)
        attributes = _attributes(body, 8)
        # Of a line between two ends, IFA_ADDRESS is the other one.
        packed = attributes.get(IFA_LOCAL) or attributes.get(IFA_ADDRESS)
        if family in FAMILIES and packed:
            whole = int.from_bytes(attributes[IFA_FLAGS], sys.byteorder) if IFA_FLAGS in attributes else flags
            yield Address(index, socket.inet_ntop(family, packed), whole, scope)


def _dump(asked: int, told: int) -> Iterator[bytes]:
    """Request a kernel dump of one kind, and yield the body of each message."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        kernel.bind((0, 0))
        kernel.send(struct.pack("=IHHII", 32, asked, NLM_F_REQUEST_DUMP, 1, 0) + bytes(16))
        while True:
            data = kernel.recv(1 << 18)
            while len(data) >= 16:
                size, kind = struct.unpack_from("=IH", data)
                if kind == NLMSG_DONE:
                    return
                if kind == NLMSG_ERROR:
                    raise OSError(-struct.unpack_from("=i", data, 16)[0], "the kernel does not tell the addresses")
                if kind == told:
                    yield data[16:size]
                data = data[_aligned(size) :]


def _attributes(data: bytes, start: int) -> dict[int, bytes]:
    attributes = {}
    while start + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, start)
        if size < 4:
            break
        attributes[kind & 0x3FFF] = data[start + 4 : start + size]
        start += _aligned(size)
    return attributes


def _aligned(size: int) -> int:
    return (size + 3) & ~3


def _text(value: bytes | None) -> str:
    return os.fsdecode((value or b"").rstrip(b"\0"))
