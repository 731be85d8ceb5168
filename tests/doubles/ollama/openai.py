"""The endpoints in OpenAI's shape, over the same models."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tests.doubles.ollama import inference, show
from tests.doubles.ollama.exchange import PLAIN_JSON
from tests.doubles.ollama.golang import compact
from tests.doubles.ollama.names import Name
from tests.doubles.ollama.options import merged
from tests.doubles.ollama.refusals import Refused
from tests.doubles.ollama.store import Manifest

if TYPE_CHECKING:
    from tests.doubles.ollama.server import Handler

OPTIONS = {"max_tokens": "num_predict", "max_completion_tokens": "num_predict"} | {
    name: name for name in ("stop", "seed", "temperature", "top_p", "frequency_penalty", "presence_penalty")
}
Document = dict[str, Any]


def error(status: int, message: str) -> Document:
    """Return an error in OpenAI's shape."""
    kinds = {400: "invalid_request_error", 404: "not_found_error"}
    return {"error": {"message": message, "type": kinds.get(status, "api_error"), "param": None, "code": None}}


def _entry(manifest: Manifest, name: Name, given: str) -> Document:
    return {"id": given, "object": "model", "created": int(manifest.modified), "owned_by": name.namespace}


def _models(asked: Handler) -> None:
    found = [_entry(manifest, name, str(name)) for manifest, name, _ in asked.server.remembered.listed()]
    asked.tell(200, {"object": "list", "data": found or None}, PLAIN_JSON)


def _model(asked: Handler) -> None:
    given = asked.path.partition("/v1/models/")[2]
    name, store = asked.named({"model": given}), asked.server.store
    try:
        asked.tell(200, _entry(show.load(store, name).manifest, name, given), PLAIN_JSON)
    except FileNotFoundError:
        raise Refused(404, f"model '{name}' not found") from None


def _options(request: Document) -> Document:
    found = {ours: request[theirs] for theirs, ours in OPTIONS.items() if request.get(theirs) is not None}
    found.setdefault("temperature", 1.0)
    found.setdefault("top_p", 1.0)
    if isinstance(found.get("stop"), str):
        found["stop"] = [found["stop"]]
    return found


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def _chat(asked: Handler) -> None:
    request = asked.document()
    messages = [{**one, "content": _text(one.get("content"))} for one in request.get("messages") or []]
    if not messages:
        asked.tell(400, error(400, "[] is too short - 'messages'"))
        return
    form = request.get("response_format") or {}
    if form.get("type") == "json_object":
        request["format"] = "json"
    elif form.get("type") == "json_schema":
        request["format"] = form["json_schema"]["schema"]
    _answer(asked, {**request, "messages": messages}, messages, chat=True)


def _complete(asked: Handler) -> None:
    request = asked.document()
    _answer(asked, request, [{"role": "user", "content": request.get("prompt") or ""}], chat=False)


def _answer(asked: Handler, request: Document, messages: list[Document], chat: bool) -> None:
    model = inference.find(asked, request)
    inference.ensure_able(model, request, "chat" if chat else "generate")
    options = merged(model.parameters, _options(request))
    head = {
        "id": f"{'chatcmpl' if chat else 'cmpl'}-{random.randrange(1000)}",
        "object": "chat.completion" if chat else "text_completion",
        "created": int(time.time()),
        "model": request["model"],
        "system_fingerprint": "fp_ollama",
    }
    with asked.server.engine.use(model, options, None) as loaded:
        answer, pieces = inference.answered(loaded, model, messages, request, options, time.time())
        if request.get("stream"):
            with contextlib.closing(pieces):
                asked.stream(_events(_chunks(head, answer, pieces, request, chat)), "text/event-stream")
            return
        text = "".join(pieces)
        end = answer.end()
        said = {"index": 0, "message": {"role": "assistant", "content": text}} if chat else {"text": text, "index": 0}
        choice = {**said, "finish_reason": end["done_reason"]}
        asked.tell(200, {**head, "choices": [choice], "usage": _usage(end)}, PLAIN_JSON)


def _usage(end: Document) -> Document:
    prompt, made = end["prompt_eval_count"], end["eval_count"]
    return {"prompt_tokens": prompt, "completion_tokens": made, "total_tokens": prompt + made}


def _chunks(
    head: Document, answer: inference.Answer, pieces: Iterator[str], request: Document, chat: bool
) -> Iterator[Document]:
    head = {**head, "object": "chat.completion.chunk" if chat else "text_completion"}
    role = {"role": "assistant"}
    for piece in pieces:
        said = {"index": 0, "delta": {**role, "content": piece}} if chat else {"text": piece, "index": 0}
        yield {**head, "choices": [{**said, "finish_reason": None}]}
        role = {}
    end = answer.end()
    said = {"index": 0, "delta": {}} if chat else {"text": "", "index": 0}
    yield {**head, "choices": [{**said, "finish_reason": end["done_reason"]}]}
    if (request.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": _usage(end)}


def _events(documents: Iterator[Document]) -> Iterator[bytes]:
    try:
        for document in documents:
            yield f"data: {compact(document)}\n\n".encode()
        yield b"data: [DONE]\n\n"
    except Refused as problem:
        yield f"data: {compact(error(problem.status, str(problem)))}\n\n".encode()


def _embed(asked: Handler) -> None:
    request = asked.document()
    vectors, tokens, *_ = inference.embedded(asked, request, inference.inputs(request.get("input")))
    data = [{"object": "embedding", "embedding": vector, "index": index} for index, vector in enumerate(vectors)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    asked.tell(200, {"object": "list", "data": data, "model": request["model"], "usage": usage}, PLAIN_JSON)


ROUTES: dict[tuple[str, str], Callable[[Handler], None]] = {
    ("GET", "/v1/models"): _models,
    ("GET", "/v1/models/"): _model,
    ("POST", "/v1/chat/completions"): _chat,
    ("POST", "/v1/completions"): _complete,
    ("POST", "/v1/embeddings"): _embed,
}
