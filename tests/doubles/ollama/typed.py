"""The types of a create request's fields, and what Go says where one is another."""

from __future__ import annotations

from typing import Any

from tests.doubles.ollama.refusals import Refused

Kind = type | tuple[type, ...]
GO = {str: "string", list: "array", dict: "object", bool: "bool", int: "number", float: "number"}
FIELDS: dict[str, tuple[Kind, str]] = {
    **dict.fromkeys(("model", "name", "from", "template", "system", "quantize", "requires"), (str, "string")),
    **dict.fromkeys(("files", "adapters"), (dict, "map[string]string")),
    "parameters": (dict, "map[string]interface {}"),
    "messages": (list, "[]api.Message"),
    "stream": (bool, "bool"),
}


def ensure_typed(request: dict[str, Any]) -> None:
    """Refuse a create request with a field of a wrong type."""
    for name, (kind, go) in FIELDS.items():
        _ensure(request.get(name), kind, f"CreateRequest.{name}", go)
    for name in ("files", "adapters"):
        for digest in (request.get(name) or {}).values():
            _ensure(digest, str, f"CreateRequest.{name}", "string")
    for message in request.get("messages") or []:
        _ensure(message, dict, "CreateRequest.messages", "api.Alias")
        for name in ("role", "content"):
            _ensure(message.get(name), str, f"CreateRequest.messages.{name}", "string")


def texts(value: Any) -> list[str]:
    """Return licences, given as one or as several; the engine looks at them late."""
    found = [value] if isinstance(value, str) and value else value or []
    if not isinstance(found, list):
        raise Refused(500, f"json: cannot unmarshal {GO[type(found)]} into Go value of type []string")
    for text in found:
        if not isinstance(text, str):
            raise Refused(500, f"json: cannot unmarshal {GO[type(text)]} into Go value of type string")
    return found


def _ensure(value: Any, kind: Kind, field: str, go: str) -> None:
    if value is not None and not isinstance(value, kind):
        found = GO[type(value)]
        raise Refused(400, f"json: cannot unmarshal {found} into Go struct field {field} of type {go}")
