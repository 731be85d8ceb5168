"""Parts of the spec that are designed but not built yet: refused with the next step, never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.components import PLANNED
from deploy.spec.document import Document, FieldPath
from deploy.spec.model import ENGINES

Refusal = tuple[FieldPath, str]
_ONE_MACHINE = "other machines are not built yet; leave it out, everything runs on this machine"
NO_BACKUP = "backups are not built yet; write `backup: null` until they are"
_TOP_KEYS = {"hosts": _ONE_MACHINE}
_SERVICE_KEYS = {"host": _ONE_MACHINE}
_OLLAMA_ONLY = "belongs to Ollama engines, which are not built yet; leave it out"
_ENGINE_KEYS = _SERVICE_KEYS | {
    "gpu": "GPUs are not built yet; leave it out, the engine runs on the CPU",
    "model": "an engine names no model; write `engine:` with this engine's name at the model",
    "keep_alive": _OLLAMA_ONLY,
    "num_parallel": f"{_OLLAMA_ONLY} or write `parallel`",
    "max_queue": _OLLAMA_ONLY,
    "models_dir": _OLLAMA_ONLY,
    "api": "belongs to external engines, which are not built yet; leave it out",
    "url": "belongs to external engines, which are not built yet; leave it out",
}
_ASKER = "is not built yet; leave it out, whoever asks may send it with the request"
_MODEL_KEYS = {
    "preset": _ASKER,
    "parameters": _ASKER,
    "system": _ASKER,
    "messages": _ASKER,
    "temperature": _ASKER,
    "template": "is not built yet; write `chat_template` at the engine",
    "num_ctx": "is not built yet; write `context_length` at the engine",
    "adapters": "adapters are not built yet; merge them into the GGUF file",
    "license": "is not built yet; leave it out",
}
_IMAGE_VALUES = {
    ("source", "pull"): "pulling images is not built yet; write `source: build`",
    ("debian", "pinned"): "pinned Debian packages are not built yet; write `debian: moving`",
}
_MIRROR_KEYS = {
    "registry": "images are built, not pulled; leave it out until pulling is built",
    "models": "models come from a Python package or a file; leave it out until other sources are built",
}
_KEYED = {*_TOP_KEYS, *_ENGINE_KEYS, *_MODEL_KEYS, *_MIRROR_KEYS}
_NO_ENGINES = (
    f"without engines the kit would run Ollama, which is not built yet; write `engines: [{ENGINES[0].traits.shortest}]`"
)


def refuse_planned(document: Document) -> None:
    """Note every part of the document that is not built yet."""
    for path, message in _refusals(document.data):
        document.complain(path, message, at_key=path[-1] in _KEYED)


def _refusals(data: dict[str, Any]) -> Iterator[Refusal]:
    yield from _keys((), data, _TOP_KEYS)
    if data.get("backup", ...) is not None:
        yield ("backup",), NO_BACKUP
    if data.get("engines") in (None, []):
        yield ("engines",), _NO_ENGINES
    yield from _keys(("mirrors",), data.get("mirrors"), _MIRROR_KEYS)
    images = data.get("images")
    for (key, value), message in _IMAGE_VALUES.items():
        if isinstance(images, dict) and images.get(key) == value:
            yield ("images", key), message
    for name in ("gateway", "webui"):
        yield from _service((name,), data.get(name), _SERVICE_KEYS)
    for index, engine in enumerate(_list(data.get("engines"))):
        yield from _service(("engines", index), engine, _ENGINE_KEYS)
    for index, model in enumerate(_list(data.get("models"))):
        yield from _keys(("models", index), model, _MODEL_KEYS)
        yield from _source(("models", index, "from"), model)


def _service(path: FieldPath, service: Any, keys: dict[str, str]) -> Iterator[Refusal]:
    kind = service.get("kind") if isinstance(service, dict) else None
    if isinstance(kind, str) and kind in PLANNED:
        yield path, f"kind {kind} is not built yet; {PLANNED[kind]}"
        return
    yield from _keys(path, service, keys)
    if isinstance(service, dict) and service.get("threads") == "auto":
        yield (*path, "threads"), "`auto` is not built yet; write a number, one below the number of cores"


def _source(path: FieldPath, model: Any) -> Iterator[Refusal]:
    source = model.get("from") if isinstance(model, dict) else None
    if isinstance(source, str) and source:
        yield path, "names and addresses of models need Ollama, which is not built yet; write {pip: ...} or {file: ...}"
    elif isinstance(source, dict) and "url" in source and "file" not in source and "pip" not in source:
        yield path, "models by address are not built yet; write {pip: ...} or fetch it and write {file: ...}"


def _keys(path: FieldPath, found: Any, planned: dict[str, str]) -> Iterator[Refusal]:
    if isinstance(found, dict):
        yield from (((*path, key), message) for key, message in planned.items() if key in found)


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []
