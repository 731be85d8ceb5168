"""Drift of the owned settings from the stored ones, in words without the value of any secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deploy.components.open_webui.agent.stored import Stored
from deploy.components.open_webui.agent.values import secret_names, value_of

if TYPE_CHECKING:
    from deploy.agent.contract.rooms import Difference

MISSING = object()
KEYS = ("api_key", "api_keys")
"""Endings of settings that hold secrets, whoever set them."""


def drift(wanted: dict[str, object], stored: Stored, root: str) -> list[Difference]:
    """Return each owned setting that differs, with its cause."""
    if not stored.exists:
        return []
    settings = ((name, value, stored.settings.get(name, MISSING)) for name, value in sorted(wanted.items()))
    resolved = ((name, value, value_of(value, root, default=MISSING), there) for name, value, there in settings)
    return [
        {"name": name, "cause": _cause(name, value, now, there)}
        for name, value, now, there in resolved
        if not _holds(there, now)
    ]


def _holds(there: Any, wanted: Any) -> bool:
    """True if every wanted key has its value; a missing key equals an empty value."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(_holds(there.get(key, ""), item) for key, item in wanted.items())
    return bool(there == wanted)


def _cause(name: str, value: Any, wanted: Any, there: Any) -> str:
    """Describe how a setting differs, without the value of any secret."""
    if there is MISSING:
        return "not set"
    if isinstance(wanted, dict):
        return f"differs in {', '.join(_inner(there, wanted))}"
    if secret_names(value):
        return f"is not the secret {', '.join(secret_names(value))}"
    if name.endswith(KEYS):
        return "is a key, but kit.yaml sets none"
    cause = f"is {_shown(there)}, not {_shown(wanted)}"
    return f"{cause}; documents must be uploaded again" if name == "rag.embedding_model" and there else cause


def _inner(there: Any, wanted: dict[str, Any]) -> list[str]:
    values = there if isinstance(there, dict) else {}
    places = ((values.get(place, ""), settings) for place, settings in wanted.items())
    return sorted({key for stored, settings in places for key in settings if not _holds(stored, {key: settings[key]})})


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "empty"
    return json.dumps(value) if isinstance(value, bool) or value is None else str(value) or "empty"
