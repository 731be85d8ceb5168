"""Caddy's image: Debian's own build of it."""

from __future__ import annotations

from deploy.deployment.recipe import Recipe

RECIPE = Recipe(kind="edge", suite="bookworm", debian=("caddy",))
