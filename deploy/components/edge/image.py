"""Caddy's image: Debian's own build of it."""

from __future__ import annotations

from deploy.deployment.recipe import Recipe

# Caddy's package makes a user when it is installed, with what `passwd` brings.
RECIPE = Recipe(kind="edge", suite="bookworm", debian=("caddy", "passwd"))
