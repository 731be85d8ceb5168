"""Caddy's own variables: the kit decides what they set."""

from __future__ import annotations

from deploy.fields.variables import Variables

VARIABLES = Variables(
    "Caddy",
    "`edge`",
    {},
    {"CADDY_ADMIN": "the admin API is off, for it has no authentication; leave it out"},
    ((r"CADDY_.+", "the kit decides Caddy's settings; leave it out"),),
)
