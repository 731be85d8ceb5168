"""Chat, generate and embed: prompts as the engine makes them, answers of a real llama-server in the engine's shape."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tests.doubles.ollama import gotemplate, show
from tests.doubles.ollama.engine import Loaded, log
from tests.doubles.ollama.exchange import JSON, LINES, lines
from tests.doubles.ollama.options import behind, merged
from tests.doubles.ollama.prompt import prompt_of, told
from tests.doubles.ollama.refusals import Refused
from tests.doubles.ollama.settings import FOREVER, duration
from tests.doubles.ollama.show import four_bytes

if TYPE_CHECKING:
    from tests.doubles.ollama.server import Handler

TOO_LONG = (
    "the prompt is longer than the context length currently available to the model; shorten the prompt, "
    "adjust the context length in settings, or use a model with a longer context length"
)
REMOTE = "remote model is unavailable"
Document = dict[str, Any]


@dataclass
class Answer:
    """One answer under way: pieces of text, then what it took."""

    loaded: Loaded
    tokens: list[int]
    started: float
    ready: float
    finished: Document

    def end(self) -> Document:
        """Return the last line's facts."""
        timings = self.finished.get("timings", {})
        return {
            "done": True,
            "done_reason": "length" if self.finished.get("stop_type") == "limit" else "stop",
            "total_duration": int((time.time() - self.started) * 1e9),
            "load_duration": int((self.ready - self.started) * 1e9),
            "prompt_eval_count": len(self.tokens),
            "prompt_eval_duration": int(timings.get("prompt_ms", 0) * 1e6),
            "eval_count": self.finished.get("tokens_predicted", 0),
            "eval_duration": int(timings.get("predicted_ms", 0) * 1e6),
        }


def find(asked: Handler, request: Document, absent: str = "model '{}' not found") -> show.Model:
    """Return the model of a request."""
    given = request.get("model") or ""
    if not given and asked.path == "/api/chat":
        raise Refused(400, "model is required")
    if not given:
        raise Refused(404, "model '' not found")
    try:
        return asked.server.remembered.model(asked.meant(request, REMOTE))
    except FileNotFoundError:
        raise Refused(404, absent.format(given)) from None


def keep_alive_of(request: Document) -> float | None:
    """Return how long the model is to stay."""
    given = request.get("keep_alive")
    try:
        return None if given is None else duration(given)
    except ValueError as error:
        raise Refused(400, str(error)) from None


def ensure_able(model: show.Model, request: Document, verb: str) -> None:
    """Refuse what the model cannot do."""
    given = request["model"]
    if "completion" not in model.capabilities:
        raise Refused(400, f'"{given}" does not support {verb}')
    if request.get("think") and "thinking" not in model.capabilities:
        raise Refused(400, f'"{given}" does not support thinking')
    if request.get("tools") and "tools" not in model.capabilities:
        name = model.name
        raise Refused(400, f"{name.host}/{name.namespace}/{name.model}:{name.tag} does not support tools")


def answered(
    loaded: Loaded, model: show.Model, messages: list[Document], request: Document, options: Document, started: float
) -> tuple[Answer, Generator[str, None, None]]:
    """Begin an answer: the prompt, cut if it must be, and the pieces of text that come."""
    ready = time.time()
    prompt = prompt_of(loaded, model, messages, request)
    tokens = loaded.told("/tokenize", {"content": prompt, "add_special": True, "parse_special": True})["tokens"]
    tokens = _cut(tokens, loaded.context, options, request)
    body = {"prompt": tokens, "stream": True, "cache_prompt": True, "return_tokens": True, **behind(options)}
    body |= _grammar(request.get("format"))
    answer = Answer(loaded, tokens, started, ready, {})
    stream = loaded.ask("POST", "/completion", body)
    return answer, _pieces(stream, answer)


def _pieces(stream: Any, answer: Answer) -> Generator[str, None, None]:
    made: list[int] = []
    with contextlib.closing(stream):
        for line in stream:
            if not line.startswith(b"data: "):
                continue
            found = json.loads(line[6:])
            if "error" in found:
                raise Refused(500, found["error"]["message"])
            made += found.get("tokens", [])
            if found.get("stop"):
                answer.finished = {**found, "made": made}
            if found["content"]:
                yield found["content"]


def _cut(tokens: list[int], context: int, options: Document, request: Document) -> list[int]:
    most = context - 1
    if len(tokens) <= most:
        return tokens
    if request.get("shift") is False or request.get("truncate") is False:
        raise Refused(400, TOO_LONG)
    kept = min(int(options.get("num_keep", 4)) + 1, most)
    limit = context - max((context - kept) // 2, 1)
    log("WARN", "truncating input prompt", limit=limit, prompt=len(tokens), keep=kept, new=limit)
    return tokens[:kept] + tokens[len(tokens) - (limit - kept) :]


def _grammar(form: Any) -> Document:
    if not form:
        return {}
    if form != "json" and not isinstance(form, dict):
        raise Refused(
            500, f'invalid format: {json.dumps(json.dumps(form))}; expected "json" or a valid JSON Schema object'
        )
    return {"json_schema": {"type": "object"} if form == "json" else form}


def reply(
    asked: Handler, request: Document, messages: list[Document], shape: Callable[[str], Document], context: bool
) -> None:
    """Answer chat or generate, streamed or at once."""
    model = find(asked, request)
    head = {"model": request["model"]}
    empty = not messages
    if empty and keep_alive_of(request) == 0:
        asked.server.engine.unload(model)
        asked.tell(200, {**head, "created_at": now(), **shape(""), "done": True, "done_reason": "unload"})
        return
    ensure_able(model, request, "generate" if context else "chat")
    options = merged(model.parameters, request.get("options") or {})
    if request.get("_debug_render_only") and not empty:
        prompt = _rendered(asked, model, messages, request, options)
        asked.tell(200, {**head, "created_at": now(), **shape(""), "_debug_info": {"rendered_template": prompt}})
        return
    started = time.time()
    with asked.server.engine.use(model, options, keep_alive_of(request)) as loaded:
        if empty:
            asked.tell(200, {**head, "created_at": now(), **shape(""), "done": True, "done_reason": "load"})
            return
        answer, pieces = answered(loaded, model, messages, request, options, started)

        def last() -> Document:
            ids = {"context": answer.tokens + answer.finished.get("made", [])} if context else {}
            end = answer.end()
            return {"done": end.pop("done"), "done_reason": end.pop("done_reason"), **ids, **end}

        def documents() -> Iterator[Document]:
            for piece in pieces:
                yield {**head, "created_at": now(), **shape(piece), "done": False}
            yield {**head, "created_at": now(), **shape(""), **last()}

        if request.get("stream", True):
            with contextlib.closing(pieces):
                asked.stream(lines(documents()), LINES)
            return
        text = "".join(pieces)
        asked.tell(200, {**head, "created_at": now(), **shape(text), **last()}, JSON)


def _rendered(asked: Handler, model: show.Model, messages: list[Document], request: Document, options: Document) -> str:
    is_native = model.used_template is None and bool(model.jinja) and not request.get("template")
    if not is_native or find_spec("jinja2"):
        return told(model, messages, request)
    with asked.server.engine.use(model, options, keep_alive_of(request)) as loaded:
        return prompt_of(loaded, model, messages, request)


def _generate(asked: Handler) -> None:
    request = asked.document()
    prompt = request.get("prompt") or ""
    messages = [{"role": "user", "content": prompt}] if prompt else []
    if request.get("template"):
        try:
            gotemplate.parse(request["template"])
        except gotemplate.TemplateError as error:
            raise Refused(500, str(error)) from None
    reply(asked, request, messages, lambda text: {"response": text}, context=True)


def _chat(asked: Handler) -> None:
    request = asked.document()
    reply(
        asked,
        request,
        request.get("messages") or [],
        lambda text: {"message": {"role": "assistant", "content": text}},
        context=False,
    )


def embedded(asked: Handler, request: Document, texts: list[str]) -> tuple[list[list[float]], int, float, float]:
    """Return vectors of length one, the tokens of all texts, and when it began and was ready."""
    model = find(asked, request, 'model "{}" not found, try pulling it first')
    options = merged(model.parameters, request.get("options") or {})
    started = time.time()
    with asked.server.engine.use(model, options, keep_alive_of(request)) as loaded:
        ready = time.time()
        if not texts:
            return [], 0, started, ready
        found = loaded.told("/v1/embeddings", {"input": texts})
    vectors = [_unit(one["embedding"], request.get("dimensions")) for one in found["data"]]
    return vectors, found.get("usage", {}).get("prompt_tokens", 0), started, ready


def _unit(vector: list[float], dimensions: int | None) -> list[float]:
    vector = vector[: dimensions or len(vector)]
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [four_bytes(value / length) for value in vector]


def inputs(given: Any) -> list[str]:
    """Return the texts of a request."""
    texts = [given] if isinstance(given, str) else given or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refused(400, "invalid input type")
    return [text for text in texts if text] if isinstance(given, str) else texts


def _embed(asked: Handler) -> None:
    request = asked.document()
    vectors, tokens, started, ready = embedded(asked, request, inputs(request.get("input")))
    document = {"model": request["model"], "embeddings": vectors}
    if vectors:
        document["total_duration"] = int((time.time() - started) * 1e9)
        document["load_duration"] = int((ready - started) * 1e9)
        document["prompt_eval_count"] = tokens
    asked.tell(200, document)


def _embeddings(asked: Handler) -> None:
    request = asked.document()
    vectors, *_ = embedded(asked, request, inputs(request.get("prompt")))
    asked.tell(200, {"embedding": vectors[0] if vectors else []})


def _ps(asked: Handler) -> None:
    loaded = asked.server.engine.loaded
    listed = []
    if loaded and loaded.process.poll() is None:
        model = loaded.model
        expires = loaded.expires if loaded.expires != FOREVER else time.time() + 100 * 365 * 86400
        listed = [
            {
                "name": str(model.name),
                "model": str(model.name),
                "size": loaded.memory,
                "digest": model.manifest.digest,
                "details": {"parent_model": "", **model.details},
                "expires_at": show.stamp(expires),
                "size_vram": 0,
                "context_length": loaded.context,
            }
        ]
    asked.tell(200, {"models": listed})


def now() -> str:
    """Return this moment as the engine writes it."""
    return show.stamp(time.time())


ROUTES: dict[tuple[str, str], Callable[[Handler], None]] = {
    ("POST", "/api/generate"): _generate,
    ("POST", "/api/chat"): _chat,
    ("POST", "/api/embed"): _embed,
    ("POST", "/api/embeddings"): _embeddings,
    ("GET", "/api/ps"): _ps,
}
