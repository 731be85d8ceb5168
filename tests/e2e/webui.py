"""Open WebUI as a person's browser asks it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from typing import Any

from tests.e2e.stack import Stack
from tests.waiting import PATIENCE_SECONDS, wait_until

Document = Any


class Person:
    """The first administrator, signed in."""

    email = "admin@localhost"

    def __init__(self, stack: Stack, password: str = "") -> None:
        self._stack = stack
        self._token = ""
        account = {"email": self.email, "password": password or stack.secret("webui_admin_password")}
        signed_in = self.ask("/api/v1/auths/signin", account)
        self.id, self._token = str(signed_in["id"]), signed_in["token"]

    @property
    def address(self) -> str:
        """Address of the page."""
        return self._stack.service("open_webui").address

    def ask(self, path: str, value: Document = None) -> Document:
        """Return what the application's API answers; a value is posted."""
        return self._send(path, None if value is None else json.dumps(value).encode(), "application/json")

    def change_password(self, old: str, new: str) -> None:
        """Change the password, as people do once they are signed in."""
        assert self.ask("/api/v1/auths/update/password", {"password": old, "new_password": new}) is True

    def models(self) -> list[str]:
        """Return the models that the page offers."""
        return [model["id"] for model in self.ask("/api/models")["data"]]

    def chats(self) -> dict[str, str]:
        """Return every chat's title by its id."""
        return {chat["id"]: chat["title"] for chat in self.ask("/api/v1/chats/")}

    def write_chat(self, title: str, text: str) -> str:
        """Keep a chat and return its id."""
        message: Document = {
            "id": str(uuid.uuid4()),
            "role": "user",
            "content": text,
            "parentId": None,
            "childrenIds": [],
        }
        history = {"messages": {message["id"]: message}, "currentId": message["id"]}
        chat = {"title": title, "models": self.models(), "history": history, "messages": [message]}
        written: str = self.ask("/api/v1/chats/new", {"chat": chat})["id"]
        return written

    def chat_text(self, chat: str) -> str:
        """Return everything that a chat holds."""
        return json.dumps(self.ask(f"/api/v1/chats/{chat}"))

    def upload(self, name: str, text: str) -> str:
        """Upload a document, wait until it can be searched, and return its id."""
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        body = f"{head}Content-Type: text/plain\r\n\r\n{text}\r\n--{boundary}--\r\n".encode()
        document: str = self._send("/api/v1/files/", body, f"multipart/form-data; boundary={boundary}")["id"]
        status = f"/api/v1/files/{document}/process/status"
        wait_until(
            lambda: self.ask(status)["status"] == "completed",
            f"{name} can be searched",
            saw=lambda: self.ask(status),
        )
        return document

    def answer(self, question: str, document: str | None = None) -> Document:
        """Ask the first model, about a document if one is given; return the whole answer."""
        files = [{"type": "file", "id": document}] if document else []
        message = {"role": "user", "content": question}
        return self.ask(
            "/api/chat/completions",
            {"model": self.models()[0], "messages": [message], "stream": False, "max_tokens": 8, "files": files},
        )

    def _send(self, path: str, body: bytes | None, kind: str) -> Document:
        headers = {"Content-Type": kind}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(f"{self.address}{path}", body, headers)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)


def status_of(address: str, headers: dict[str, str] | None = None, value: Document = None) -> int:
    """Return the status that a web server answers with."""
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
