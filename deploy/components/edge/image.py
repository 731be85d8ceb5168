"""Caddy's image: Debian's own build of it, or its vendor's."""

from __future__ import annotations

from deploy.components.edge.spec import Edge
from deploy.deployment.image import ImageOrigin
from deploy.deployment.recipe import ImageSource, Pulled, Recipe

VERSION = "2.11.2"
# Caddy's package makes a user when it is installed, with what `passwd` brings.
RECIPE = Recipe(kind="edge", suite="bookworm", debian=("caddy", "passwd"))
PULLED = Pulled("edge", f"caddy:{VERSION}")


def image(_spec: Edge, origin: ImageOrigin) -> ImageSource:
    """Return the image to build or to pull."""
    return PULLED if origin == "pull" else RECIPE
