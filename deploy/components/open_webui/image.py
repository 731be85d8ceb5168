"""Open WebUI's image: its wheel, or its vendor's image.

The wheel goes without the packages for models of its own, as the engines have the models.
"""

from __future__ import annotations

from dataclasses import replace

from deploy.components.open_webui.spec import OpenWebUI
from deploy.deployment.image import ImageOrigin
from deploy.deployment.recipe import ImageSource, Pulled, Recipe

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
# What its start loads, seen in its `sys.modules`: nine tenths of it by size.
LOADED = (
    "PIL aiohttp alembic anyio attr authlib azure boto3 botocore bs4 chromadb click cryptography dateutil "
    "engineio fastapi google grpc httpx httpx2 idna joserfc langchain_core langsmith ldap3 loguru mako "
    "markdown mcp mcp_types msal open_webui opentelemetry packaging psutil pyasn1 pydantic pydantic_core "
    "pydantic_settings redis regex requests rich s3transfer socketio sqlalchemy starlette typer "
    "typing_extensions urllib3 uvicorn yaml"
)
RECIPE = Recipe(
    kind="open_webui",
    suite="bookworm",
    debian=("ca-certificates", "libstdc++6", "python3"),
    python="3.11",
    requirements=(f"open-webui=={VERSION}",),
    overrides=tuple(f"{name}; python_version < '3'" for name in LEFT_OUT),
    bytecode=tuple(LOADED.split()),
)


def image(spec: OpenWebUI, origin: ImageOrigin) -> ImageSource:
    """Return the image of the release in the spec, to build or to pull."""
    if origin == "pull":
        variant = "" if spec.variant == "main" else f"-{spec.variant}"
        return Pulled(spec.kind, f"ghcr.io/open-webui/open-webui:v{spec.version or VERSION}{variant}")
    return RECIPE if spec.version is None else replace(RECIPE, requirements=(f"open-webui=={spec.version}",))
