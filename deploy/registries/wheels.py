"""Wheels of a list of requirements with their sizes, asked over a few connections that stay open."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Lock
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from deploy.deployment.fetch import Fetch
from deploy.deployment.recipe import Wheel
from deploy.errors import KitError
from deploy.registries.pypi import TIMEOUT_SECONDS, located_wheels, named_index, opened, silent, trusted

CONNECTIONS = 16
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 10


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
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return list(pool.map(_Index(fetch).size, urls))


class _Index:
    """The index, by the spec's proxy and authorities or the environment's."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._connections: dict[str | None, urllib3.PoolManager] = {}
        self._lock = Lock()

    def size(self, url: str) -> int:
        if urlsplit(url).scheme == "file":
            with opened(url, self._fetch, "HEAD") as answer:
                return int(answer.headers["Content-Length"])
        try:
            status, reason, told = self._answer(url)
        except urllib3.exceptions.HTTPError as error:
            raise silent(self._fetch, _words(error)) from None
        if not 200 <= status < 300:
            raise silent(self._fetch, f"HTTP Error {status}: {reason}")
        if told is None:
            index = named_index(self._fetch)
            raise KitError(f"{index} does not say how large {url} is", "name another mirror in kit.yaml")
        return int(told)

    def _answer(self, url: str) -> tuple[int, str | None, str | None]:
        """Return the status of the last address that a file has moved to, its words, and the length."""
        method = "HEAD"
        for _ in range(MOST_REDIRECTS):
            answer = self._asked(method, url)
            place = answer.headers.get("Location") if answer.status in REDIRECTS else None
            # The bytes of a file stay on their way.
            answer.release_conn() if method == "HEAD" else answer.close()
            if place is None:
                break
            # An address that was signed for a download answers nothing else.
            method, url = "GET", urljoin(url, place)
        return answer.status, answer.reason, answer.headers.get("Content-Length")

    def _asked(self, method: str, url: str) -> urllib3.BaseHTTPResponse:
        ask = partial(self._connections_to(url).request, retries=False, redirect=False, preload_content=False)
        try:
            return ask(method, url, timeout=TIMEOUT_SECONDS)
        except urllib3.exceptions.ProtocolError:
            # A server may close a connection that stayed open just when it is used again.
            return ask(method, url, timeout=TIMEOUT_SECONDS)

    def _connections_to(self, url: str) -> urllib3.PoolManager:
        place = urlsplit(url)
        proxy = None if proxy_bypass(place.netloc) else self._fetch.proxy or getproxies().get(place.scheme)
        with self._lock:
            if proxy not in self._connections:
                self._connections[proxy] = _connections(proxy, self._fetch)
            return self._connections[proxy]


def _connections(proxy: str | None, fetch: Fetch) -> urllib3.PoolManager:
    context = trusted(fetch)
    if proxy is None:
        return urllib3.PoolManager(maxsize=CONNECTIONS, ssl_context=context)
    # Other programs take an address without a scheme as well, and one with a login.
    place = urllib3.util.parse_url(proxy if "://" in proxy else f"http://{proxy.removeprefix('//')}")
    login = f"Basic {b64encode(unquote(place.auth).encode()).decode()}" if place.auth else ""
    return urllib3.ProxyManager(
        place.url,
        maxsize=CONNECTIONS,
        proxy_headers={"Proxy-Authorization": login} if login else None,
        ssl_context=context,
        proxy_ssl_context=context,
    )


def _words(error: BaseException) -> str:
    """Return the words of the first cause, which are the system's own."""
    inner = error.__cause__ or next((each for each in error.args if isinstance(each, BaseException)), None)
    return _words(inner) if inner else str(error) or type(error).__name__
