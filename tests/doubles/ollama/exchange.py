"""One request and its answer over HTTP/1.1: bodies as they come, JSON and lines of it as Go's server sends them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.doubles.ollama.golang import compact
from tests.doubles.ollama.refusals import Refused
from tests.doubles.ollama.store import PIECE

JSON, PLAIN_JSON = "application/json; charset=utf-8", "application/json"
LINES = "application/x-ndjson"
# What Go's server reads of a body that nobody wanted, before it closes the connection instead.
LEFT_OVER = 256 << 10
LINGER_SECONDS = 0.5


class Exchange(BaseHTTPRequestHandler):
    """Reads requests and writes answers."""

    protocol_version = "HTTP/1.1"
    sys_version = ""
    server_version = "double"
    read_so_far = 0
    awaited = False
    ended = False

    def handle_expect_100(self) -> bool:
        """Say `100 Continue` only when the body is read, as Go does."""
        self.awaited = True
        return True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Leave the log to what is worth a line."""

    @property
    def length(self) -> int | None:
        """The length of the body, where the request says it."""
        given = self.headers.get("Content-Length")
        return int(given) if given is not None else None

    def pieces(self) -> Iterator[bytes]:
        """Yield the body; an end before its length raises."""
        if self.awaited:
            self.awaited = False
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            yield from self._chunks()
            return
        left = (self.length or 0) - self.read_so_far
        while left:
            piece = self.rfile.read1(min(PIECE, left))
            if not piece:
                self.close_connection = self.ended = True
                raise Refused(500, "unexpected EOF")
            left -= len(piece)
            self.read_so_far += len(piece)
            yield piece

    def document(self) -> dict[str, Any]:
        """Return the body as a JSON object, or say what Go says of it."""
        text = b"".join(self.pieces()).decode(errors="replace")
        if not text.strip():
            raise Refused(400, "missing request body")
        try:
            found, _ = json.JSONDecoder().raw_decode(text.lstrip())
        except json.JSONDecodeError as error:
            rest = text.lstrip()[error.pos :]
            cut = not rest or rest[0] in '{["' or any(word.startswith(rest) for word in ("null", "true", "false"))
            what = "object key string" if "property name" in error.msg else "value"
            odd = f"invalid character {rest[:1]!r} looking for beginning of {what}"
            raise Refused(400, "unexpected EOF" if cut else odd) from None
        if not isinstance(found, dict):
            kind = {str: "string", list: "array", bool: "bool"}.get(type(found), "number")
            raise Refused(400, f"json: cannot unmarshal {kind} into Go value of type api.{self._asked_for}")
        return found

    @property
    def _asked_for(self) -> str:
        return f"{self.path.rpartition('/')[2].title()}Request"

    def answer(self, status: int, content: bytes | None = None, media: str = JSON) -> None:
        """Send a whole answer; None is one without a content type."""
        self.send_response(status)
        if content is not None:
            self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(content or b"")))
        self._end_headers()
        if content and self.command != "HEAD":
            self.wfile.write(content)

    def tell(self, status: int, document: Any, media: str = JSON) -> None:
        """Send a JSON document."""
        self.answer(status, compact(document).encode(), media)

    def stream(self, pieces: Iterator[bytes], media: str) -> None:
        """Send pieces as they come."""
        self.send_response(200)
        self.send_header("Content-Type", media)
        self.send_header("Transfer-Encoding", "chunked")
        self._end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def leave_unread(self) -> None:
        """Close the connection where much of the body was not wanted; its sender sees a broken pipe."""
        left = 0 if self.ended else (self.length or 0) - self.read_so_far
        if left > LEFT_OVER and not self.awaited:
            self.close_connection = True
            self.wfile.flush()
            time.sleep(LINGER_SECONDS)
        elif left and not self.awaited:
            for _ in self.pieces():
                pass
        self.close_connection = self.close_connection or self.awaited

    def _end_headers(self) -> None:
        self.send_header("X-Kit-Double", "ollama")
        left = (self.length or 0) - self.read_so_far
        if self.awaited or left > LEFT_OVER:
            self.send_header("Connection", "close")
        origin = self.headers.get("Origin")
        if origin:
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Vary", "Origin")
        self.end_headers()

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            left = size
            while left:
                piece = self.rfile.read1(min(PIECE, left))
                if not piece:
                    self.close_connection = True
                    raise Refused(500, "unexpected EOF")
                left -= len(piece)
                yield piece
            self.rfile.readline()
        self.rfile.readline()


def lines(documents: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Encode documents one a line; what goes wrong half way is the last line."""
    try:
        for document in documents:
            yield (compact(document) + "\n").encode()
    except (Refused, OSError, ValueError, KeyError) as error:
        yield (compact({"error": str(error)}) + "\n").encode()
