"""Other programs' names for the address and the key of an engine, each with its key in kit.yaml."""

from __future__ import annotations

from deploy.fields.variables import Variables

_ADDRESSES = "ADDRESS API_BASE API_URL BASE_URL ENDPOINT"
_KEYS = "API_KEY AUTH_TOKEN BEARER_TOKEN TOKEN"
VARIABLES = Variables(
    "",
    "",
    {**dict.fromkeys(_ADDRESSES.split(), "url"), **dict.fromkeys(_KEYS.split(), "key")},
    {
        "MODEL": "an engine names no model; write `engine:` with this engine's name at the model",
        "PORT": "stands in `url`, behind the host",
        "PUBLISH": "this engine runs without the kit, so it is published where it runs",
        "TIMEOUT": "is written at the gateway: `request_timeout`, and `timeout` in `routes` for one model",
    },
    (
        (r"[A-Z0-9]+_(HOST|ENDPOINT|((API_)?BASE_)?URL|API_BASE)", "is called `url` here"),
        (r"[A-Z0-9]+_(API_KEY|TOKEN)", "is called `key` here"),
    ),
)
