"""LiteLLM's image: its proxy from the Python package index on Debian's Python, or its vendor's."""

from __future__ import annotations

from dataclasses import replace

from deploy.components.litellm.spec import LiteLLMGateway
from deploy.deployment.image import ImageOrigin
from deploy.deployment.recipe import ImageSource, Pulled, Recipe

VERSION = "1.106.2"
# What its start loads, seen in its `sys.modules`: nine tenths of it by size.
LOADED = (
    "aiohttp anyio attr click cryptography expression fastapi httpx httpx2 jinja2 litellm mcp mcp_types "
    "oauthlib openai opentelemetry pydantic pydantic_core pydantic_settings redis regex requests rich "
    "starlette typing_extensions urllib3 yaml"
)
RECIPE = Recipe(
    kind="litellm",
    suite="bookworm",
    debian=("ca-certificates", "libstdc++6", "python3"),
    python="3.11",
    # Without prisma a request with no key is answered by 500 instead of 401.
    requirements=(f"litellm[proxy]=={VERSION}", "prisma"),
    overrides=("polars; python_version < '3'",),
    bytecode=tuple(LOADED.split()),
)


def image(spec: LiteLLMGateway, origin: ImageOrigin) -> ImageSource:
    """Return the image of the release in the spec, to build or to pull."""
    if origin == "pull":
        return Pulled(spec.kind, f"ghcr.io/berriai/litellm:v{spec.version or VERSION}")
    if spec.version is None:
        return RECIPE
    return replace(RECIPE, requirements=(f"litellm[proxy]=={spec.version}", "prisma"))
