"""The account of the person who owns the stack: made once, and theirs from then on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.agent.remembered import read_json, write_json
from deploy.components.open_webui.agent.stored import Stored

FORMAT = 1


def person_name(person: dict[str, Any]) -> str:
    """Return what the account is called in a plan."""
    return f"account {person['email']}"


def missing_person(person: dict[str, Any], stored: Stored, root: str) -> list[dict[str, str]]:
    """Return the account as a difference where it was never made."""
    if person["email"] in stored.emails or person["email"] in _remembered(root):
        return []
    return [{"name": person_name(person), "cause": "not made yet"}]


def _remembered(root: str) -> list[str]:
    """Return the accounts that were made once; who deletes or renames one means it."""
    made: list[str] = (read_json(_memory(root)) or {}).get("accounts", [])
    return made


def remember_person(email: str, root: str) -> bool:
    """Remember that the account was made; return whether that was new."""
    made = _remembered(root)
    if email not in made:
        write_json(_memory(root), {"format": FORMAT, "accounts": sorted([*made, email])})
    return email not in made


def _memory(root: str) -> Path:
    return Path(root) / "run" / "open_webui.json"
