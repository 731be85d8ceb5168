"""A short form of a model as its engine shows it, for comparing two states."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from deploy.agent.protocols.names import plain

SHORT = 12
TEXTS = ("template", "system", "license", "messages")


def summary(document: dict[str, Any]) -> dict[str, Any]:
    """Return the recorded facts of an answer to /api/show: parameter values, digests of texts, file names."""
    return {
        "parameters": _parameters(str(document.get("parameters") or "")),
        "texts": {name: _digest(document[name]) for name in TEXTS if document.get(name)}
        | {name: _digest(value) for name, value in built_in(str(document.get("modelfile") or "")).items()},
        "files": _files(str(document.get("modelfile") or "")),
        "parent": _parent(str((document.get("details") or {}).get("parent_model") or "")),
    }


def _parameters(table: str) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for line in table.splitlines():
        name, _, value = line.strip().partition(" ")
        if name:
            values.setdefault(name, []).append(value.strip())
    # Their order is the engine's whim, but not that of the values of one.
    return {name: ", ".join(values[name]) for name in sorted(values)}


def _files(modelfile: str) -> list[str]:
    """Return the blobs at the top of a printed Modelfile; further down, a text may contain similar lines."""
    files = []
    for line in modelfile.splitlines():
        word, _, path = line.partition(" ")
        if word in ("FROM", "ADAPTER"):
            files.append(f"{word} {path.rpartition('/')[2]}")
        elif word and not word.startswith("#"):
            break
    return files


def built_in(modelfile: str) -> dict[str, str]:
    """Return renderer and parser, which no other field has; lines inside a quoted text do not count."""
    parts, quote = {}, ""
    for line in modelfile.splitlines():
        word, _, value = line.partition(" ")
        if quote:
            quote = "" if line.endswith(quote) else quote
        elif word in ("RENDERER", "PARSER"):
            parts[word.lower()] = value.strip()
        elif word.isupper():
            value = value.partition(" ")[2] if word in ("PARAMETER", "MESSAGE") else value
            opened = next((each for each in ('"""', '"') if value.startswith(each)), "")
            is_closed = len(value) >= 2 * len(opened) and value.endswith(opened)
            quote = "" if is_closed else opened
    return parts


def _parent(name: str) -> str:
    # Some releases name the file here, which is told anyway.
    return "" if "/blobs/" in name else plain(name)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:SHORT]
