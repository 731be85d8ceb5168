"""A request to a registry or a server: through the spec's proxy and authorities, bounded in size."""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.reference import is_loopback
from deploy.registries.pypi import TIMEOUT_SECONDS, trusted

NO_ANSWER = (OSError, http.client.HTTPException, ValueError)
_LONGEST_WORDS = 300


@dataclass(frozen=True)
class Answer:
    """A status, headers and the whole body."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Place:
    """A server to ask: its name in an error, and the key of kit.yaml's `mirrors` that replaces it."""

    what: str
    mirror: str
    fetch: Fetch

    @property
    def named(self) -> str:
        """Return its name, with the proxy on the way to it."""
        return f"{self.what} (through the proxy {self.fetch.proxy})" if self.fetch.proxy else self.what

    @property
    def next_step(self) -> str:
        """Return the next step if it cannot be reached."""
        mirror = (
            f"name `mirrors: {{{self.mirror}: ...}}`, `proxy:` or `ca:`" if self.mirror else "name `proxy:` or `ca:`"
        )
        return f"check the network, or {mirror} in kit.yaml"

    def silent(self, words: object) -> KitError:
        """Return the error about a server that does not answer, or breaks off."""
        told = getattr(words, "strerror", None) or str(words) or type(words).__name__
        return KitError(f"{self.named} does not answer: {plain(told)}", self.next_step)

    def ask(self, url: str, headers: Mapping[str, str], largest: int) -> Answer:
        """Ask for a body that fits into memory; every status is an answer, silence is a KitError."""
        with self.opened(url, headers) as answer:
            body = answer.read(largest + 1)
            told = answer.headers["Content-Length"]
            if len(body) > largest:
                raise KitError(
                    f"{self.named} answers with more than {largest} bytes", "check that it is the right address"
                )
            if told is not None and told.isdigit() and len(body) < int(told):
                raise self.silent(f"it ended after {len(body)} of {told} bytes")
            return Answer(answer.status, answer.headers, body)

    @contextmanager
    def opened(self, url: str, headers: Mapping[str, str]) -> Iterator[Any]:
        """Open an address; a failure while it is read is reported as silence of the server."""
        try:
            with _opener(url, self.fetch).open(_request(url, headers), timeout=TIMEOUT_SECONDS) as answer:
                yield answer
        except urllib.error.URLError as error:
            raise self.silent(error.reason) from None
        except NO_ANSWER as error:
            raise self.silent(error) from None


def plain(words: str) -> str:
    """Return foreign words as one short line without control characters."""
    line = re.sub(r"\s+", " ", re.sub(r"[^\x20-\x7e\s\xa0-\ud7ff]", "?", words)).strip()
    return line if len(line) <= _LONGEST_WORDS else f"{line[: _LONGEST_WORDS - 4]}..."


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to another host without the token for the first one, and never out of HTTPS."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if after.scheme != "https" and after.scheme != before.scheme:
            raise urllib.error.URLError(f"it leads from HTTPS to {after.scheme} at {after.netloc}")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and before.netloc != after.netloc:
            request.remove_header("Authorization")
        return request


class _EveryStatus(urllib.request.HTTPErrorProcessor):
    """Leaves every status but a redirect to the caller."""

    def http_response(self, request: Any, response: Any) -> Any:
        is_redirect = response.status in (301, 302, 303, 307, 308)
        return super().http_response(request, response) if is_redirect else response

    https_response = http_response


def _request(url: str, headers: Mapping[str, str]) -> urllib.request.Request:
    return urllib.request.Request(url, headers={"User-Agent": "kit", **headers})  # noqa: S310 - http(s) alone by its type


def _opener(url: str, fetch: Fetch) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_Redirects(), _EveryStatus()]
    handlers.append(urllib.request.HTTPSHandler(context=trusted(fetch)))
    if is_loopback(urlsplit(url).netloc):
        handlers.append(urllib.request.ProxyHandler({}))
    elif fetch.proxy:
        handlers.append(urllib.request.ProxyHandler({"http": fetch.proxy, "https": fetch.proxy}))
    return urllib.request.build_opener(*handlers)
