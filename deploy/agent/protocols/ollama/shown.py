"""A short form of a model as its engine shows it, for comparing two states."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from deploy.agent.protocols.ollama.names import plain

SHORT = 12
TEXTS = ("template", "system", "license", "messages")
WORDS = {"system": "system text", "template": "template", "license": "license"}
"""Texts that an engine reads without a check of their length."""


def summary(document: dict[str, Any]) -> dict[str, Any]:
    """Return the recorded facts of an answer to /api/show: parameter values, digests of texts, file names."""
    return {
        "parameters": _parameters(str(document.get("parameters") or "")),
        "texts": {name: _digest(document[name]) for name in TEXTS if document.get(name)}
        | {name: _digest(value) for name, value in built_in(str(document.get("modelfile") or "")).items()},
        "files": _files(str(document.get("modelfile") or "")),
        "stored": _stored(document),
        "parent": _parent(str((document.get("details") or {}).get("parent_model") or "")),
    }


def lost_texts(made: dict[str, Any], document: dict[str, Any]) -> dict[str, str]:
    """Return each text that differs from the recorded one, in words; the model's manifest is the same.

    A record of an older kit has no template as it is stored: an engine may show the one in the model's file instead.
    """
    texts = made.get("texts", {})
    before = made.get("stored") or {name: texts[name] for name in ("system", "license") if name in texts}
    now = _stored(document)
    return {
        name: f"its {WORDS[name]} is {'not the one that it was made with' if name in now else 'empty'}"
        for name, digest in sorted(before.items())
        if now.get(name) != digest
    }


def _stored(document: dict[str, Any]) -> dict[str, str]:
    """Return digests of the texts as the engine's folder has them, whichever template the engine prefers."""
    printed = dict(_commands(str(document.get("modelfile") or "")))
    texts = {**document, "template": printed.get("TEMPLATE")}
    return {name: _digest(texts[name]) for name in WORDS if texts.get(name)}


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
    return {word.lower(): text.strip() for word, text in _commands(modelfile) if word in ("RENDERER", "PARSER")}


def _commands(modelfile: str) -> Iterator[tuple[str, str]]:
    """Yield the commands of a printed Modelfile, each with its text, without quotes around it."""
    command, lines, quote = "", [""], ""
    for line in modelfile.splitlines():
        word, _, value = line.partition(" ")
        if quote:
            lines.append(line)
            quote = "" if line.endswith(quote) else quote
        elif word.isupper():
            if command:
                yield command, _unquoted("\n".join(lines))
            command, lines = word, [value]
            value = value.partition(" ")[2] if word in ("PARAMETER", "MESSAGE") else value
            opened = _quote(value)
            is_closed = len(value) >= 2 * len(opened) and value.endswith(opened)
            quote = "" if is_closed else opened
    if command:
        yield command, _unquoted("\n".join(lines))


def _quote(text: str) -> str:
    return next((quote for quote in ('"""', '"') if text.startswith(quote)), "")


def _unquoted(text: str) -> str:
    quote = _quote(text)
    is_quoted = quote and len(text) >= 2 * len(quote) and text.endswith(quote)
    return text[len(quote) : -len(quote)] if is_quoted else text


def _parent(name: str) -> str:
    # Some releases name the file here, which is told anyway.
    return "" if "/blobs/" in name else plain(name)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:SHORT]
