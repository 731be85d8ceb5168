"""Requests that the engine refuses, and the status of a refusal before any answer."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818
    """A request that ends here."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
