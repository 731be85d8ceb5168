"""Wheels of a list of requirements with their sizes, asked over a few connections that stay open."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from deploy.deployment.fetch import Fetch
from deploy.deployment.recipe import Wheel
from deploy.errors import KitError
from deploy.registries.pypi import TIMEOUT_SECONDS, located_wheels, named_index, silent, trusted

CONNECTIONS = 16
RETRIES = urllib3.Retry(total=None, connect=0, read=1, redirect=5, status=0, other=0)
"""A server may close a connection that stayed open just when it is used again."""


def resolve_wheels(
    requirements: tuple[str, ...], overrides: tuple[str, ...], python: str, fetch: Fetch, known: tuple[Wheel, ...] = ()
) -> tuple[Wheel, ...]:
    """Ask the index to resolve requirements now; KitError names the package without a suitable wheel.

    Known wheels stay as they are wherever the requirements allow their versions.
    """
    located = located_wheels(requirements, overrides, python, fetch, known)
    sizes = iter(sizes_of([url for wheel, url in located if wheel not in known], fetch))
    return tuple(wheel if wheel in known else replace(wheel, size=next(sizes)) for wheel, _ in located)


def sizes_of(urls: Sequence[str], fetch: Fetch) -> list[int]:
    """Return the bytes of each file; KitError if the index does not answer, or does not say it."""
    proxies = {url: _proxy(url, fetch) for url in urls}
    connections = {proxy: _connections(proxy, fetch) for proxy in set(proxies.values())}
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return list(pool.map(lambda url: _size(connections[proxies[url]], url, fetch), urls))


def _connections(proxy: str | None, fetch: Fetch) -> urllib3.PoolManager:
    if proxy:
        # Other programs take an address without a scheme as well, and one with a login.
        place = urllib3.util.parse_url(proxy if "://" in proxy else f"http://{proxy}")
        login = urllib3.make_headers(proxy_basic_auth=unquote(place.auth)) if place.auth else None
        return urllib3.ProxyManager(place.url, maxsize=CONNECTIONS, proxy_headers=login, ssl_context=trusted(fetch))
    return urllib3.PoolManager(maxsize=CONNECTIONS, ssl_context=trusted(fetch))


def _proxy(url: str, fetch: Fetch) -> str | None:
    place = urlsplit(url)
    return fetch.proxy or (None if proxy_bypass(place.netloc) else getproxies().get(place.scheme))


def _size(connections: urllib3.PoolManager, url: str, fetch: Fetch) -> int:
    try:
        answer = connections.request("HEAD", url, timeout=TIMEOUT_SECONDS, retries=RETRIES)
    except urllib3.exceptions.HTTPError as error:
        raise silent(fetch, _words(error)) from None
    if answer.status >= 400:
        raise silent(fetch, f"HTTP Error {answer.status}: {answer.reason}")
    told = answer.headers.get("Content-Length")
    if told is None:
        raise KitError(f"{named_index(fetch)} does not say how large {url} is", "name another mirror in kit.yaml")
    return int(told)


def _words(error: urllib3.exceptions.HTTPError) -> str:
    """Return the system's own words, without the objects around them."""
    reason = getattr(error, "reason", None) or error
    cause = reason.__cause__ or reason if isinstance(reason, BaseException) else reason
    return str(cause) or type(cause).__name__
