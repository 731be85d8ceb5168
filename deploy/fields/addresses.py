"""Addresses of programs outside of the stack, as this host and its containers see them."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import inet_aton
from urllib.parse import urlsplit

_LOOPBACK_NAMES = re.compile(r"(.+\.)?localhost(\.localdomain)?\.?|ip6-(localhost|loopback)")
_OLD_FORM = re.compile(r"(0x[0-9a-f]+|[0-9]+)(\.(0x[0-9a-f]+|[0-9]+)){0,3}")
_DOCKERS_NAMES = re.compile(
    r"(.+\.)?docker\.internal|docker\.for\.(mac|win)\.(.+\.)?(localhost|internal)|host-gateway|host(\.[^.]+)+\.internal"
)


def hostname_of(url: str) -> str:
    """Return the host of an address in small letters; ValueError if it has no readable host."""
    return urlsplit(url).hostname or ""


def is_loopback(host: str) -> bool:
    """Return True if a host is the loopback of its caller."""
    address = _address(host)
    if address is None:
        return _LOOPBACK_NAMES.fullmatch(host) is not None and not is_dockers(host)
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def is_unspecified(host: str) -> bool:
    """Return True if a host is only an address to listen on, such as 0.0.0.0."""
    address = _address(host)
    return address is not None and (getattr(address, "ipv4_mapped", None) or address).is_unspecified


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Return a host as an IP address; None for a name."""
    with suppress(ValueError):
        return ip_address(host)
    # Programs read the old forms as well: 127.1, 0x7f000001, 2130706433.
    if not _OLD_FORM.fullmatch(host):
        return None
    try:
        return IPv4Address(inet_aton(host))
    except OSError:
        return None


def is_dockers(host: str) -> bool:
    """Return True if a host is a name that Docker Desktop gives its machine and that does not resolve on Linux."""
    return _DOCKERS_NAMES.fullmatch(host) is not None
