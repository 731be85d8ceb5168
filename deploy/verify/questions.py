"""Questions for any engine or gateway, and the checks of their answers."""

from __future__ import annotations

from typing import Any

from deploy.verify.checks import ensure, ensure_equal
from deploy.verify.web import Answer

FEW_TOKENS = 4


def short_question(model: str) -> dict[str, Any]:
    """Return a chat request whose answer has few tokens."""
    messages = [{"role": "user", "content": "The capital of France is"}]
    return {"model": model, "messages": messages, "max_tokens": FEW_TOKENS, "stream": False}


def ensure_answered(answer: Answer) -> None:
    """Check that an answer holds words of the model."""
    ensure_equal(answer.status, 200, "status")
    choices = answer.json.get("choices") or [{}]
    message = choices[0].get("message") or {}
    # A model that thinks first may spend the few tokens on that.
    ensure(message.get("content") or message.get("reasoning_content"), "the answer holds no words")


def ensure_vectors(answer: Answer, count: int) -> None:
    """Check that an answer holds vectors of one length that are not all zero."""
    ensure_equal(answer.status, 200, "status")
    vectors = [entry["embedding"] for entry in answer.json["data"]]
    ensure_equal(len(vectors), count, "number of vectors")
    ensure(vectors[0] and any(vectors[0]), "the vector is empty")
    ensure_equal({len(vector) for vector in vectors}, {len(vectors[0])}, "length of the vectors")
