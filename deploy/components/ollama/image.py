"""Ollama's image: its vendor's own, from a registry."""

from __future__ import annotations

from deploy.components.ollama.spec import VERSION, OllamaEngine
from deploy.deployment.image import ImageOrigin
from deploy.deployment.recipe import Pulled


def image(spec: OllamaEngine, _origin: ImageOrigin) -> Pulled:
    """Return the image of the release in the spec, or the image that it names; nothing of it can be built here."""
    # What ROCm needs is in an image of its own, which has nothing for other makers' cards.
    flavour = "-rocm" if spec.gpu == "amd" else ""
    return Pulled("ollama", spec.image or f"ollama/ollama:{spec.version or VERSION}{flavour}")
