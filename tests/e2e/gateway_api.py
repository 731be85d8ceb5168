"""The gateway as a program asks it."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass

from tests.e2e.stack import Stack
from tests.waiting import PATIENCE_SECONDS

SERVED_BY = "x-litellm-model-id"


@dataclass(frozen=True)
class Answer:
    """An answer of a model through the gateway, and the engine that gave it."""

    text: str
    served_by: str


def asked(stack: Stack, key: str, model: str) -> Answer:
    """Ask a model through the gateway."""
    body = {"model": model, "messages": [{"role": "user", "content": "Once upon a time"}], "max_tokens": 2}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{stack.ports['litellm']}/v1/chat/completions"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        return Answer(json.load(answer)["choices"][0]["message"]["content"], answer.headers[SERVED_BY])
