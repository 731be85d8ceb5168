"""Addresses of what runs outside of the stack, as this host and its containers see them."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

_LOOPBACK_NAMES = re.compile(r"(.+\.)?localhost(\.localdomain)?\.?|ip6-(localhost|loopback)|127(\.[0-9]{1,10}){0,3}")
_DOCKERS_NAMES = re.compile(
    r"(.+\.)?docker\.internal|docker\.for\.(mac|win)\.(.+\.)?(localhost|internal)|host\.containers\.internal"
)


def host_of(url: str) -> str:
    """Return the host of an address, in small letters; ValueError where it has none that can be read."""
    return urlsplit(url).hostname or ""


def is_loopback(host: str) -> bool:
    """Whether a host is the own machine of whoever calls it."""
    try:
        address = ip_address(host)
    except ValueError:
        return _LOOPBACK_NAMES.fullmatch(host) is not None and not is_dockers(host)
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def is_unspecified(host: str) -> bool:
    """Whether a host is no place to call, only one to listen on."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return host == "0"


def is_dockers(host: str) -> bool:
    """Whether a host is a name that Docker Desktop gives this machine, and that nobody knows on Linux."""
    return _DOCKERS_NAMES.fullmatch(host) is not None
