"""Findings of cross checks, with the values that they rest on."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.reading.document import FieldPath
from deploy.words import did_you_mean


@dataclass(frozen=True)
class Finding:
    """A problem at a path, with the values that it rests on."""

    path: FieldPath
    message: str
    also: tuple[FieldPath, ...] = ()
    """Paths of other values that it rests on."""
    whole: tuple[str, ...] = ()
    """Lists that it rests on as a whole: something is missing in them."""
    wanted: tuple[str, tuple[str, ...]] = ("", ())
    """The unknown name and the existing ones, for a guess at the intended name."""

    def text(self) -> str:
        """Return the message, with a guess for a similar name."""
        return self.message + did_you_mean(*self.wanted)
