"""Answers nothing without the gateway's key but whether it lives.

LiteLLM answers some thirty addresses to anybody (its routes, its version, its web pages), and no setting of its own
closes them all. It runs `close` at its start, before it answers anything.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Awaitable, Callable, Iterable
from importlib import import_module
from typing import Any

OPEN = ("/health/liveliness", "/health/liveness")
HEADERS = (b"authorization", b"api-key", b"x-api-key", b"x-goog-api-key", b"x-litellm-api-key")
MESSAGE = "no key, or not the one of this gateway"
BODY = json.dumps({"error": {"message": MESSAGE, "type": "auth_error", "param": None, "code": "401"}}).encode()
Application = Callable[[Any, Any, Any], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]


def close() -> None:
    """Stand in front of everything that LiteLLM serves."""
    app = import_module("litellm.proxy.proxy_server").app
    if app.middleware_stack is None:
        raise RuntimeError("kit's gate finds nothing to stand in front of: this LiteLLM starts in another way")
    app.middleware_stack = gate(app.middleware_stack, os.environ["LITELLM_MASTER_KEY"].encode())


def gate(inner: Application, key: bytes) -> Application:
    """Return an ASGI application that passes on what carries the key."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket") or is_open(scope) or has_key(scope["headers"], key):
            await inner(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": BODY})

    return answer


def is_open(scope: Any) -> bool:
    """Say whether this is about the gateway's life, or a browser's question before it sends a key."""
    names = {name for name, _ in scope["headers"]}
    asks_before = scope.get("method") == "OPTIONS" and {b"origin", b"access-control-request-method"} <= names
    return asks_before or (scope["type"] == "http" and scope["path"] in OPEN)


def has_key(headers: Headers, key: bytes) -> bool:
    """Say whether one of the headers in which clients send keys holds this one."""
    sent = (value.strip() for name, value in headers if name in HEADERS)
    return any(hmac.compare_digest(bare(value), key) for value in sent)


def bare(value: bytes) -> bytes:
    """Return a key without the word before it."""
    return value[7:].strip() if value[:7].lower() == b"bearer " else value
