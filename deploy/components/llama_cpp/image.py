"""llama.cpp's image: Debian's own build of it."""

from __future__ import annotations

from deploy.deployment.recipe import Recipe

RECIPE = Recipe(kind="llama_cpp", suite="sid", debian=("ca-certificates", "llama.cpp"))
