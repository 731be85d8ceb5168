"""Open WebUI's admin API."""

from __future__ import annotations

import http.client
import json
import mimetypes
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.line import Line
from deploy.components.open_webui.agent.sign_ins import LIMIT, SIGN_IN, TOO_MANY, patiently

PATIENCE_SECONDS = 60


class RefusedError(Exception):
    """A file that Open WebUI does not take, in its own words."""


class Admin:
    """Client of Open WebUI's admin API, with the kit's own account."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.email = ""
        self.headers = {"Content-Type": "application/json"}
        self.patience_seconds = PATIENCE_SECONDS

    def sign_in(self, email: str, password: str, say: Callable[[str], None]) -> None:
        """Sign in; later requests are an administrator's. A limit of sign-ins is waited for, and said."""
        self.email, account = email, {"email": email, "password": password}
        status, answer = patiently(lambda: self._send("POST", SIGN_IN, account), lambda sent: sent[0], say)
        if status == TOO_MANY:
            raise AgentError(f"{LIMIT}: something else signs in again and again", "run the same command again later")
        if status != 200 or answer.get("role") != "admin":
            raise AgentError(
                f"the kit's account {email} cannot sign in to Open WebUI as an administrator (HTTP {status})",
                f"sign in as an administrator once, add the account {email} with the role admin "
                f"and the password that `{Line('secret', 'show', 'kit_admin_password')}` prints",
            )
        self.headers["Authorization"] = f"Bearer {answer['token']}"

    def get(self, path: str) -> dict[str, Any]:
        """Return a form."""
        return self._done("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a form."""
        return self._done("POST", path, body)

    def add(self, email: str, password: str) -> None:
        """Add an administrator."""
        name = email.split("@")[0]
        self.post("/api/v1/auths/add", {"name": name, "email": email, "password": password, "role": "admin"})

    def delete(self, path: str) -> None:
        """Remove a thing; a missing one is no error."""
        self._send("DELETE", path, None)

    def upload(
        self, path: str, fields: dict[str, str], file: tuple[str, int], pieces: Iterable[bytes]
    ) -> dict[str, Any]:
        """Send a file by its name and size, as a browser's form does; raise RefusedError if it is not taken."""
        boundary = secrets.token_hex(16)
        head, tail = _form(boundary, fields, file[0])
        headers = {
            **self.headers,
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + file[1] + len(tail)),
        }
        status, answer = self._sent("POST", path, _body(head, pieces, tail), headers)
        if status != 200:
            raise RefusedError(str(answer.get("detail") or f"HTTP {status}"))
        return answer

    def _done(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        status, answer = self._send(method, path, body)
        if status != 200:
            # A refusal may repeat what was sent, keys and all: only its number is safe to tell.
            raise AgentError(f"Open WebUI answered {status} to {method} {path}", f"see `{Line('logs', 'open_webui')}`")
        return answer

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        return self._sent(method, path, None if body is None else json.dumps(body).encode(), self.headers)

    def _sent(
        self, method: str, path: str, body: bytes | Iterable[bytes] | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        host, port = _host_port(self.address)
        with closing(http.client.HTTPConnection(host, port, timeout=self.patience_seconds)) as connection:
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                document = json.loads(answer.read() or b"null")
            except (OSError, http.client.HTTPException, ValueError) as problem:
                raise AgentError(
                    f"Open WebUI does not answer at {self.address}: {problem}", f"see `{Line('status')}`"
                ) from problem
        return answer.status, document if isinstance(document, dict) else {}


def _form(boundary: str, fields: dict[str, str], name: str) -> tuple[bytes, bytes]:
    """Return what stands before and behind a file in a form."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    # Browsers write these characters of a file's name so.
    quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    begin = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
    return "".join([*parts, begin, f"Content-Type: {kind}\r\n\r\n"]).encode(), f"\r\n--{boundary}--\r\n".encode()


def _body(head: bytes, pieces: Iterable[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from pieces
    yield tail


def _host_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
