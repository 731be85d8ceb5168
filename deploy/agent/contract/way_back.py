"""The way back from the release that a host runs, and the apply that brought it."""

from __future__ import annotations

from typing import TypedDict


class Unsettled(TypedDict):
    """A release that runs here and that not every host of its apply has accepted, as far as this host knows."""

    run: str
    """Its run; empty if it was interrupted while it changed this host."""
    hosts: list[str]
    """Hosts that get a release in that apply."""
    before: str | None
    """The release that a rollback leads to."""
    costs_data: bool
    """True if going back to the release before puts older data in place of what was written since."""


class Way(TypedDict):
    """The run that brought the running release, and whether it can still be rolled back."""

    converged_by: str
    unsettled: Unsettled | None
