"""Images on their way from one host to another."""

from __future__ import annotations

from typing import TypedDict

from deploy.agent.contract.envelope import Changed, StackRequest
from deploy.agent.contract.inputs import PresentImage


class LayersAnswer(TypedDict):
    """The layers of a host's images."""

    chains: list[str]
    """Chain ids: each names a layer together with all layers below it."""


class GiveRequest(StackRequest):
    """An image that another host lacks."""

    tag: str
    has: list[str]
    """Chain ids of layers that the other host has; their bytes stay here."""


class Shipment(TypedDict):
    """The first piece of an image's stream, as JSON; an archive for Docker follows."""

    tag: str
    layers: list[str]
    """Digests of the layers' content."""
    left_out: int
    """Number of layers that are not in the archive."""
    size: int
    """Size of the archive in bytes."""
    debian_versions: dict[str, str]


class TakeRequest(StackRequest):
    """An image that the control node sends."""

    kind: str
    tag: str


class TakeAnswer(Changed):
    """The image that the host has now."""

    image: PresentImage | None
    """None where Docker could not make it without the layers that were left out."""
    received: int
    """Size of the archive in bytes."""
