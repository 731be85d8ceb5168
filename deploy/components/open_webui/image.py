"""Open WebUI's image: its wheel without the packages for models of its own, for the engines have the models."""

from __future__ import annotations

from dataclasses import replace

from deploy.components.open_webui.spec import OpenWebUI
from deploy.recipe import Recipe

VERSION = "0.12.4"
LEFT_OUT = (
    "accelerate",
    "faster-whisper",
    "opencv-python-headless",
    "rapidocr",
    "rapidocr-onnxruntime",
    "sentence-transformers",
    "torch",
    "transformers",
)
RECIPE = Recipe(
    kind="open_webui",
    suite="bookworm",
    debian=("ca-certificates", "libstdc++6", "python3"),
    python="3.11",
    requirements=(f"open-webui=={VERSION}",),
    overrides=tuple(f"{name}; python_version < '3'" for name in LEFT_OUT),
)


def recipe(spec: OpenWebUI) -> Recipe:
    """Return the recipe of the release that the user wants."""
    return RECIPE if spec.version is None else replace(RECIPE, requirements=(f"open-webui=={spec.version}",))
