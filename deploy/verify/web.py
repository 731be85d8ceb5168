"""HTTP requests of the checks: to a service's published port, with a key from the host."""

from __future__ import annotations

import base64
import http.client
import json
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from deploy.deployment.port import Port
from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.secrets import HostSecrets

# A small machine takes a minute to read the prompt that a document makes.
TIMEOUT_SECONDS = 180
LIMIT = "answer_seconds"
"""Fact of a service that may take longer, for instance to load a large model."""


@dataclass(frozen=True)
class Answer:
    """A status and a body."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON values; a NotAsPlannedError if it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise NotAsPlannedError(f"answered {self.status} without JSON") from None


class Web:
    """One service behind its published port."""

    def __init__(self, service: Service, secrets: HostSecrets) -> None:
        self.service = service
        self.secrets = secrets
        self.bearer: str | None = None
        self.headers: dict[str, str] = {}

    def use_key(self, name: str) -> None:
        """Ask with a secret of the host from now on."""
        self.bearer = self.secrets.value(name)

    def get(self, path: str) -> Answer:
        """Ask for a path."""
        return self._ask("GET", path, None, "")

    def get_under(self, origin: str, path: str) -> Answer:
        """Ask as a browser does that has opened the page under this address, for instance behind a proxy."""
        with self._from(origin):
            return self.get(path)

    def upgrade_under(self, origin: str, path: str) -> int:
        """Begin a websocket as such a browser does; return the status of the answer."""
        key = base64.b64encode(uuid.uuid4().bytes).decode()
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        with self._from(origin, **upgrade, **{"Sec-WebSocket-Key": key}), self._answer("GET", path, None, "") as answer:
            return answer.status

    @contextmanager
    def _from(self, origin: str, **more: str) -> Iterator[None]:
        self.headers = {"Host": origin.partition("://")[2], "Origin": origin, **more}
        try:
            yield
        finally:
            self.headers = {}

    def post(self, path: str, body: dict[str, Any]) -> Answer:
        """Send JSON."""
        return self._ask("POST", path, json.dumps(body).encode(), "application/json")

    def delete(self, path: str) -> Answer:
        """Delete the object at a path."""
        return self._ask("DELETE", path, None, "")

    def upload(self, path: str, name: str, content: str) -> Answer:
        """Send one text file as a browser does."""
        border = uuid.uuid4().hex
        head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        body = f"{head}Content-Type: text/plain\r\n\r\n{content}\r\n--{border}--\r\n"
        return self._ask("POST", path, body.encode(), f"multipart/form-data; boundary={border}")

    def events(self, path: str, body: dict[str, Any]) -> Iterator[Any]:
        """Send JSON and yield the streamed events; a caller that has enough stops reading."""
        with self._answer("POST", path, json.dumps(body).encode(), "application/json") as answer:
            if answer.status != 200:
                raise NotAsPlannedError(f"POST {path} answered {answer.status}")
            for line in answer:
                text = line.decode().strip().removeprefix("data: ")
                if text and text != "[DONE]":
                    yield json.loads(text)

    def ensure_answers_at(self, port: Port) -> None:
        """Ask for any path at an address of the service: every status is an answer."""
        with self._answer("GET", "/", None, "", port):
            pass

    def _ask(self, method: str, path: str, body: bytes | None, content: str) -> Answer:
        with self._answer(method, path, body, content) as answer:
            return Answer(answer.status, answer.read())

    @contextmanager
    def _answer(
        self, method: str, path: str, body: bytes | None, content: str, at: Port | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        port = at or self.service.ports[0]
        headers = {**self.headers, **({"Content-Type": content} if content else {})}
        if self.bearer is not None:
            headers["Authorization"] = f"Bearer {self.bearer}"
        seconds = self.service.facts.get(LIMIT, TIMEOUT_SECONDS)
        own = (port.address, port.host_port)
        with (
            self.secrets.evidence.transport.forward(own) as there,
            closing(http.client.HTTPConnection(*there, timeout=seconds)) as connection,
        ):
            try:
                connection.request(method, path, body, headers)
                yield connection.getresponse()
            except ValueError:
                # Its words would hold the header, and so the key.
                raise NotAsPlannedError("the key on this host holds characters that no header can carry") from None
            except (OSError, http.client.HTTPException) as problem:
                gone = "; the host has no such address now" if self._is_absent(port.address) else ""
                raise NotAsPlannedError(f"{port.place} does not answer: {problem}{gone}") from None

    def _is_absent(self, address: str) -> bool:
        return address in self.secrets.evidence.absent
