"""The account of the stack's owner: made once in each database, and the owner's from then on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.remembered import read_json, write_json
from deploy.components.open_webui.agent.stored import KNOWN_IDS, Stored

if TYPE_CHECKING:
    from deploy.agent.contract.rooms import Difference
    from deploy.components.open_webui.agent.asked import Account, Owned

FORMAT = 2


def person_name(person: Account) -> str:
    """Return the account's name in a plan."""
    return f"account {person['email']}"


def missing_person(room: Owned, stored: Stored, root: str) -> list[Difference]:
    """Return the account as a difference if it was never made in this very database."""
    email = room["person"]["email"]
    if email in stored.emails:
        return []
    memory = _memory(root)
    made = _made(memory).get(email)
    if made is None:
        return [{"name": person_name(room["person"]), "cause": f"not made yet{_others(memory, stored)}"}]
    if _is_bound(memory, stored, room["account"]["email"]) and not _is_younger(made, stored):
        # Who deletes an account or renames it means it.
        return []
    return [{"name": person_name(room["person"]), "cause": "not in this database"}]


def remember_person(room: Owned, stored: Stored, root: str) -> bool:
    """Record that the account was made, and in which database; return True if that is new."""
    email, memory = room["person"]["email"], _memory(root)
    is_here = memory.get("format") == FORMAT and _is_bound(memory, stored, room["account"]["email"])
    made = _made(memory) if is_here else {}
    if is_here and email in made and not _is_younger(made[email], stored):
        return False
    made[email] = stored.last_used
    ids = list(stored.accounts)[:KNOWN_IDS]
    write_json(_path(root), {"format": FORMAT, "accounts": made, "database": ids})
    return True


def _others(memory: dict[str, Any], stored: Stored) -> str:
    """Describe what happens to administrators that kit.yaml named before."""
    before = sorted(set(_made(memory)) & stored.emails)
    if not before:
        return ""
    word, own = (
        ("stay administrators", "their passwords") if len(before) > 1 else ("stays an administrator", "its password")
    )
    return f"; {' and '.join(before)} {word} with {own}, until somebody removes that account in the page"


def _is_bound(memory: dict[str, Any], stored: Stored, own: str) -> bool:
    """True if the accounts were made in this database: it has one of the recorded ids."""
    if "database" in memory:
        return not stored.exists or not set(memory["database"]).isdisjoint(stored.accounts)
    # An older kit did not say where. In a database of people there is one of them beside the kit's own account.
    return not stored.exists or bool(stored.emails - {own})


def _is_younger(made: int, stored: Stored) -> bool:
    """True if an account was made after the database's last activity: the database is an older copy."""
    return bool(stored.last_used) and made > stored.last_used


def _made(memory: dict[str, Any]) -> dict[str, int]:
    """Return the known creation times of accounts."""
    made = memory.get("accounts", {})
    return dict(made) if isinstance(made, dict) else dict.fromkeys(made, 0)


def _memory(root: str) -> dict[str, Any]:
    return read_json(_path(root)) or {}


def _path(root: str) -> Path:
    return Path(root) / "run" / "open_webui.json"
