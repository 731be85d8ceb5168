"""Recorded requests, sent again; and answers brought to a form in which two of them can be compared."""

from __future__ import annotations

import http.client
import json
import re
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.stand_in import DIGEST, SIZE, cut_document

RECORDINGS = Path(__file__).parent / "recordings"
# Copies and deletes come before inference: the order in which they were recorded.
TOPICS = ("basics", "blobs", "create", "show", "copy-delete-pull", "inference")
HEADERS = {"foreign host header": {"Host": "evil.example"}, "foreign origin": {"Origin": "http://evil.example"}}
VARIES = {
    *("version", "created_at", "modified_at", "expires_at", "total_duration", "load_duration", "prompt_eval_duration"),
    *("eval_duration", "created", "id", "context", "response", "content"),
}
NUMBERS = {"eval_count", "completion_tokens", "total_tokens"}


@dataclass(frozen=True)
class Answer:
    """An engine's reply."""

    status: int
    content_type: str | None
    lines: list[str]


@dataclass(frozen=True)
class Recording:
    """A request and the answer that a real engine gave."""

    topic: str
    title: str
    request: dict[str, Any]
    response: Answer

    @property
    def label(self) -> str:
        """Name of the test."""
        return f"{self.topic}: {self.title}"

    @property
    def needs_model(self) -> bool:
        """True if the model itself is needed, not only its header."""
        answers = self.topic == "inference" and self.request["method"] == "POST" and "absent" not in self.title
        return answers or "ps" in self.title.split(",")[0].split() or self.request["body"] == f"<{SIZE} raw bytes>"


def recorded(version: str) -> list[Recording]:
    """Return the recordings of a version in the order in which they were made."""
    found = []
    for topic in TOPICS:
        for one in json.loads((RECORDINGS / version / f"{topic}.json").read_text()):
            answer = one["response"]
            response = Answer(answer["status"], answer["content_type"], answer["lines"])
            found.append(Recording(topic, one["title"], one["request"], response))
    return found


def body_of(recording: Recording, model: Path | None) -> bytes | None:
    """Return the bytes that were sent."""
    body = recording.request["body"]
    if body is None or isinstance(body, dict):
        return None if body is None else json.dumps(body).encode()
    raw = {"<5 raw bytes>": b"hello", "<1 raw bytes>": b"{"}
    return raw[body] if body in raw else model.read_bytes() if model else b""


def send(url: str, recording: Recording, model: Path | None = None) -> Answer:
    """Send a recorded request."""
    request = recording.request
    return ask(url, request["method"], request["path"], body_of(recording, model), HEADERS.get(recording.title, {}))


def ask(url: str, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
    """Send a request and read the whole answer, also where the engine stopped reading."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=300)
    try:
        try:
            connection.request(method, path, body, headers or {})
        except (BrokenPipeError, ConnectionResetError):
            # It has answered already, and closed: what it said can still be read.
            connection._HTTPConnection__state = "Request-sent"  # type: ignore[attr-defined]
        answer = connection.getresponse()
        text = answer.read().decode()
        return Answer(answer.status, answer.headers.get("Content-Type"), text.splitlines())
    finally:
        connection.close()


def comparable(lines: list[str]) -> list[Any]:
    """Return lines with what may vary put aside; the pieces of a streamed text count as one."""
    found: list[Any] = []
    for line in lines:
        document = _document(line)
        piece = isinstance(document, dict) and (document.get("done") is False or "delta" in str(document))
        if line and not (piece and document in found):
            found.append(document)
    return found


def _document(line: str) -> Any:
    text = line.removeprefix("data: ")
    try:
        document = cut_document(text.removesuffix(" ...cut")) if text.endswith(" ...cut") else json.loads(text)
    except json.JSONDecodeError:
        return text
    if isinstance(document, dict) and "tensors" in document:
        document = _shown(document)
    return _plain(document)


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    """Parameters come in any order, and a recording ends among the tensors."""
    lines = document["modelfile"].splitlines()
    document["modelfile"] = sorted(lines, key=lambda line: (line.startswith("PARAMETER"), line * ("PARAM" in line)))
    document["parameters"] = sorted(document.get("parameters", "").splitlines())
    return {key: value for key, value in document.items() if key not in ("tensors", "capabilities", "modified_at")}


def _plain(value: Any, key: str = "") -> Any:
    if key in VARIES or (key in NUMBERS and isinstance(value, int)):
        return type(value).__name__
    if isinstance(value, dict):
        # The memory of what is loaded is measured; what a model takes on disk is exact.
        aside = "expires_at" in value
        return {name: "int" if aside and name == "size" else _plain(one, name) for name, one in value.items()}
    if isinstance(value, list):
        plain = [_plain(one) for one in value]
        named = plain and all(isinstance(one, dict) and {"digest", "name"} & one.keys() for one in plain)
        return sorted(plain, key=str) if named else plain
    return _words(value) if isinstance(value, str) else value


def _words(text: str) -> str:
    text = re.sub(r"/[\w./-]*/blobs/sha256", "MODELS/blobs/sha256", text)
    return re.sub(r"dial tcp: lookup (\S+?)( on \S+)?: .*", r"lookup \1 failed", text)


def blob_path(models: Path) -> Path:
    """Return where the recordings' model lies in a folder of models."""
    return models / "blobs" / f"sha256-{DIGEST}"
