"""A GGUF file at an address, read through and not kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.registries.asking import Place
from deploy.sources.weights.measured import Measured, Said, measure


def measure_url(url: str, fetch: Fetch, said: Said) -> Measured:
    """Read a GGUF file at an address to its end, once, and keep nothing of it."""
    address = urlsplit(url)
    # What stands behind a question mark can be a key.
    shown = address._replace(query="", fragment="").geturl()
    place = Place(shown, "", fetch)
    with place.opened(url, {"Accept": "*/*", "Accept-Encoding": "identity"}) as answer:
        if answer.status != 200:
            raise KitError(
                f"{place.named} answers {answer.status} {answer.reason}", "check that the address is right and public"
            )
        told = answer.headers["Content-Length"] or ""
        total = int(told) if told.isdigit() else None
        stream = _Whole(answer, total, place)
        return measure(stream, shown, said, total)


class _Whole:
    """A body that must not end early."""

    def __init__(self, answer: Any, total: int | None, place: Place) -> None:
        self.answer, self.total, self.place = answer, total, place
        self.done = 0

    def read(self, size: int, /) -> bytes:
        """Return the next bytes; KitError if the connection ends before the file."""
        content: bytes = self.answer.read(size)
        self.done += len(content)
        if not content and self.total is not None and self.done < self.total:
            raise self.place.silent(f"it ended after {self.done} of {self.total} bytes")
        return content
