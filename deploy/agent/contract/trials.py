"""A trial: a second container of a service runs with its new image until it is healthy, beside the one that answers."""

from __future__ import annotations

from typing import TypedDict

_END = ".trial"
"""End of a trial's label `kit.service`; kit.yaml allows no dot in a name."""


class Trial(TypedDict):
    """Needs of a service's trial."""

    memory_bytes: int
    """Limit of the second container's memory."""


def trial_of(service: str) -> str:
    """Return the label `kit.service` of a service's trial."""
    return f"{service}{_END}"


def is_trial(service: str) -> bool:
    """True if the label `kit.service` is a trial's."""
    return service.endswith(_END)


def declared(service: str) -> str:
    """Return the name in kit.yaml of a service, or of the service that is tried."""
    return service[: -len(_END)] if is_trial(service) else service


def spoken(service: str) -> str:
    """Return a service's name for a person."""
    return f"the new {declared(service)}" if is_trial(service) else service
