"""Keys and variables that people write at the edge, each with its place in kit.yaml or the reason why there is none."""

from __future__ import annotations

from deploy.fields.variables import Variables

_ENGINES = "stands at each engine: the edge opens an engine there"
VARIABLES = Variables(
    "Caddy",
    "`edge`",
    {"API_KEY": "key", "TOKEN": "key", "ALLOW": "peers", "ALLOWED_IPS": "peers", "CLIENTS": "peers"},
    {
        "CADDY_ADMIN": "Caddy's admin API is off, for it has no authentication; leave it out",
        "ENGINES": "`publish` at an engine puts the edge before it",
        "PORT": _ENGINES,
        "PUBLISH": _ENGINES,
        "TLS": "TLS is not supported yet; put a proxy with a certificate in front",
    },
    ((r"CADDY_.+", "the kit decides Caddy's settings; leave it out"),),
)
