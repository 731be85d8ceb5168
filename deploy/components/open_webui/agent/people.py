"""Open WebUI's API as its people see it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
from typing import TYPE_CHECKING, Any

from deploy.components.open_webui.agent.admin import Admin

if TYPE_CHECKING:
    from deploy.components.open_webui.agent.asked import SecretName

SESSIONS: SecretName = {"secret": "webui_secret_key", "owner": "open_webui"}


class People:
    """The API as its people see it, by sessions signed with the restored key: nobody's password is needed."""

    def __init__(self, database: sqlite3.Connection, address: str, key: str) -> None:
        self._database, self._address, self._key = database, address, key

    def session(self, person: str) -> Admin:
        """Return the API as one person sees it."""
        client = Admin(self._address)
        claims = {"id": person, "typ": "session", **self._stamp(person)}
        signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
        signature = hmac.new(self._key.encode(), signed.encode(), hashlib.sha256).digest()
        client.headers["Authorization"] = f"Bearer {signed}.{_text(signature)}"
        return client

    def _stamp(self, person: str) -> dict[str, Any]:
        """Return the account's own stamp of its sessions; older releases have none."""
        seen = self._database.execute("SELECT * FROM auth WHERE id = ?", (person,))
        columns = [column[0] for column in seen.description]
        row = dict(zip(columns, seen.fetchone() or ()))
        return {"session_stamp": row["session_stamp"]} if "session_stamp" in row else {}


def _part(value: dict[str, Any]) -> str:
    return _text(json.dumps(value).encode())


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
