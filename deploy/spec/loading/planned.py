"""Parts of the spec that are designed but not supported yet: refused with the next step, never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.reading.document import Document, FieldPath

Refusal = tuple[FieldPath, str]
_BACKUP_KEYS = {
    "on_failure": "write `on_failure` at the top of this file: it is called for more than backups",
}
_ENGINE_KEYS = {
    "model": "an engine names no model; write `engine:` with this engine's name at the model",
}
_IMAGE_VALUES = {
    ("debian", "pinned"): "pinned Debian packages are not supported yet; write `debian: moving`",
}
_KEYED = {*_ENGINE_KEYS, *_BACKUP_KEYS}


def refuse_planned(document: Document) -> None:
    """Note every part of the document that is not supported yet."""
    for path, message in _refusals(document.data):
        document.complain(path, message, at_key=path[-1] in _KEYED)


def _refusals(data: dict[str, Any]) -> Iterator[Refusal]:
    yield from _backup(data.get("backup"))
    images = data.get("images")
    for (key, value), message in _IMAGE_VALUES.items():
        if isinstance(images, dict) and images.get(key) == value:
            yield ("images", key), message
    for name in ("gateway", "webui"):
        yield from _service((name,), data.get(name), {})
    for index, engine in enumerate(_list(data.get("engines"))):
        yield from _service(("engines", index), engine, _ENGINE_KEYS)


def _backup(backup: Any) -> Iterator[Refusal]:
    yield from _keys(("backup",), backup, _BACKUP_KEYS)
    repository = backup.get("repository") if isinstance(backup, dict) else None
    if isinstance(repository, str) and repository.startswith(("rest:", "s3:", "b2:", "rclone:")):
        kind = repository.partition(":")[0]
        yield (
            ("backup", "repository"),
            f"repositories over {kind} are not supported yet; name a folder of the host, or one over sftp",
        )


def _service(path: FieldPath, service: Any, keys: dict[str, str]) -> Iterator[Refusal]:
    yield from _keys(path, service, keys)
    if isinstance(service, dict) and service.get("threads") == "auto":
        yield (*path, "threads"), "`auto` is not supported yet; write a number, one below the number of cores"


def _keys(path: FieldPath, value: Any, planned: dict[str, str]) -> Iterator[Refusal]:
    if isinstance(value, dict):
        yield from (((*path, key), message) for key, message in planned.items() if key in value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
