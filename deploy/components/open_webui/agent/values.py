"""Wanted settings with the secrets that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.line import Line


def secret_names(value: Any) -> list[str]:
    """Return the names of the secrets in a wanted value."""
    if isinstance(value, list):
        return [name for item in value for name in secret_names(item)]
    return [value["secret"]] if isinstance(value, dict) and "secret" in value else []


def value_of(value: Any, root: str, default: Any = None) -> Any:
    """Replace a secret's name with its value; a missing secret becomes the default."""
    if isinstance(value, list):
        return [value_of(item, root, default) for item in value]
    if not isinstance(value, dict):
        return value
    if "secret" not in value:
        return {key: value_of(item, root, default) for key, item in value.items()}
    path = Path(root) / "secrets" / value["owner"] / value["secret"]
    try:
        return path.read_text().rstrip("\n")
    except FileNotFoundError:
        if default is not None:
            return default
        raise AgentError(
            f"the secret {value['secret']} is not on this host", f"run `{Line('apply', '--full')}`"
        ) from None
