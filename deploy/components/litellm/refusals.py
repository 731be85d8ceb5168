"""Causes of LiteLLM's refusals, by status and by the words of answers that the tests recorded."""

from __future__ import annotations

import re

from deploy.components.room import Cause

_AWAY = re.compile(r"connect(ion)? (to host|error|refused|timeout)|connect call failed|name or service", re.IGNORECASE)
_OWN_KEY = re.compile(r"no key, or not the one|no connected db|invalid proxy server token", re.IGNORECASE)
_UNKNOWN = re.compile(r"invalid model name|no deployments? (available|found)|there are no healthy", re.IGNORECASE)
_STATUS: dict[int, Cause] = {
    401: "engine's key",
    403: "engine's key",
    404: "model absent",
    408: "late",
    504: "late",
}


def cause_of(status: int, said: str) -> Cause | None:
    """Return the cause of a refusal; None if it is unknown."""
    if _OWN_KEY.search(said):
        return "own key"
    if status == 400 and _UNKNOWN.search(said):
        return "model unknown"
    if status in _STATUS:
        return _STATUS[status]
    return "away" if _AWAY.search(said) else None
