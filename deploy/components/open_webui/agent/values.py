"""Wanted settings with the secrets that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.line import Line


def secret_names(value: Any) -> list[str]:
    """Return the names of the secrets in a wanted value."""
    if isinstance(value, list):
        return [name for one in value for name in secret_names(one)]
    return [value["secret"]] if isinstance(value, dict) and "secret" in value else []


def value_of(value: Any, root: str, default: Any = None) -> Any:
    """Replace a secret's name with its value; a missing secret becomes the default."""
    if isinstance(value, list):
        return [value_of(one, root, default) for one in value]
    if not isinstance(value, dict):
        return value
    if "secret" not in value:
        return {key: value_of(one, root, default) for key, one in value.items()}
    path = Path(root) / "secrets" / value["owner"] / value["secret"]
    try:
        return path.read_text().rstrip("\n")
    except FileNotFoundError:
        if default is not None:
            return default
        raise AgentError(
            f"the secret {value['secret']} is not on this host", f"run `{Line('apply', '--full')}`"
        ) from None
