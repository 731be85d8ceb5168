"""llama.cpp's image: Debian's own build of it, or its project's."""

from __future__ import annotations

from deploy.components.llama_cpp.spec import LlamaCppEngine
from deploy.deployment.image import ImageOrigin
from deploy.deployment.recipe import ImageSource, Pulled, Recipe

RECIPE = Recipe(kind="llama_cpp", suite="sid", debian=("ca-certificates", "llama.cpp"))
FLAVOURS = {"nvidia": "-cuda", "amd": "-rocm", "intel": "-vulkan"}
"""Vendor of the cards to the part of the reference that names the image for them."""


def image(spec: LlamaCppEngine, origin: ImageOrigin) -> ImageSource:
    """Return the image to build or to pull; without a release, the one of the day when it is locked."""
    if origin == "build":
        return RECIPE
    release = f"-{spec.version}" if spec.version else ""
    return Pulled(spec.kind, f"ghcr.io/ggml-org/llama.cpp:server{FLAVOURS.get(spec.gpu, '')}{release}")
