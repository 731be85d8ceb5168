"""The function of each path."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

from tests.doubles.ollama import inference, openai
from tests.doubles.ollama.create import create, ensure_paths
from tests.doubles.ollama.names import parse
from tests.doubles.ollama.pull import pull
from tests.doubles.ollama.refusals import Refused
from tests.doubles.ollama.typed import ensure_typed

if TYPE_CHECKING:
    from tests.doubles.ollama.server import Handler, Server

Lines = Generator[dict[str, Any], None, None]
DETAILS = "remote model details are unavailable"


def _held(server: Server, work: Iterator[dict[str, Any]]) -> Lines:
    with server.writing:
        yield from work


def _root(asked: Handler) -> None:
    asked.answer(200, b"Ollama is running", "text/plain; charset=utf-8")


def _version(asked: Handler) -> None:
    asked.tell(200, {"version": asked.server.settings.version})


def _status(asked: Handler) -> None:
    asked.tell(200, {"cloud": {"disabled": not asked.server.settings.cloud, "source": "env"}})


def _tags(asked: Handler) -> None:
    asked.tell(200, {"models": [document for *_, document in asked.server.remembered.listed()]})


def _show(asked: Handler) -> None:
    request = asked.document()
    if not (request.get("model") or request.get("name")):
        raise Refused(400, "model is required")
    name = asked.meant(request, DETAILS)
    try:
        found = asked.server.remembered.shown(name, request)
    except FileNotFoundError:
        raise Refused(404, f"model '{name}' not found") from None
    asked.tell(200, found)


def _create(asked: Handler) -> None:
    request = asked.document()
    ensure_typed(request)
    for files in (request.get("files") or {}, request.get("adapters") or {}):
        ensure_paths(files)
    name = asked.named(request)
    server = asked.server
    asked.progress(request, _held(server, create(server.store, name, request, server.settings.prune)))


def _pull(asked: Handler) -> None:
    request = asked.document()
    name, server = asked.pulled(request), asked.server
    asked.progress(request, pull(server.store, name, bool(request.get("insecure")), server.settings.prune))


def _copy(asked: Handler) -> None:
    request = asked.document()
    names = []
    for end in ("source", "destination"):
        name = parse(str(request.get(end, "")))
        if not name.valid:
            raise Refused(400, f'{end} "{request.get(end, "")}" is invalid')
        names.append(asked.server.store.existing(name))
    path = asked.server.store.manifests / names[0].path
    if not path.is_file():
        raise Refused(404, f'model "{request["source"]}" not found')
    asked.server.store.write_bytes(names[1], path.read_bytes())
    asked.answer(200)


def _delete(asked: Handler) -> None:
    request = asked.document()
    given = request.get("model") or request.get("name") or ""
    if not given:
        raise Refused(400, "model is required")
    name = asked.pulled(request, f'name "{given}" is invalid')
    with asked.server.writing:
        try:
            asked.server.store.remove(name)
        except FileNotFoundError:
            raise Refused(404, f"model '{given}' not found") from None
    asked.answer(200)


def _has_blob(asked: Handler) -> None:
    digest = asked.path.rpartition("/")[2]
    if asked.server.store.blob(digest).exists():
        asked.answer(200)
    else:
        asked.tell(404, {"error": f'blob "{digest}" not found'})


def _take_blob(asked: Handler) -> None:
    digest, store = asked.path.rpartition("/")[2], asked.server.store
    if store.blob(digest).exists():
        asked.answer(200)
        return
    made = store.keep(asked.pieces()).digest
    if made != digest:
        raise Refused(400, f'digest mismatch, expected "{digest}", got "{made}"')
    asked.answer(201)


ROUTES: dict[tuple[str, str], Callable[[Handler], None]] = {
    **{(method, "/"): _root for method in ("GET", "HEAD")},
    **{(method, "/api/version"): _version for method in ("GET", "HEAD")},
    **{(method, "/api/tags"): _tags for method in ("GET", "HEAD")},
    ("GET", "/api/status"): _status,
    ("POST", "/api/show"): _show,
    ("POST", "/api/create"): _create,
    ("POST", "/api/pull"): _pull,
    ("POST", "/api/copy"): _copy,
    ("DELETE", "/api/delete"): _delete,
    ("HEAD", "/api/blobs/"): _has_blob,
    ("POST", "/api/blobs/"): _take_blob,
    **inference.ROUTES,
    **openai.ROUTES,
}
