"""What a cross check finds, and what it was concluded from."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.reading.document import FieldPath
from deploy.words import did_you_mean


@dataclass(frozen=True)
class Finding:
    """A problem at a path, with what it was concluded from."""

    path: FieldPath
    message: str
    also: tuple[FieldPath, ...] = ()
    """Other values that it rests on."""
    whole: tuple[str, ...] = ()
    """Lists that it rests on as a whole: it says that something is not in them."""
    wanted: tuple[str, tuple[str, ...]] = ("", ())
    """The name that nothing has and those that exist, to guess what was meant."""

    def text(self) -> str:
        """Return the message, with a guess where there is a near miss."""
        return self.message + did_you_mean(*self.wanted)
