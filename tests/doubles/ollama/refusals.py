"""What the engine does not do, and the status that says so where nothing was answered yet."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818
    """A request that ends here."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
