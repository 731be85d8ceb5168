"""Header of a GGUF file: read as a stream, in bounded memory, whatever the file holds."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from deploy.errors import KitError

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_FLOAT, _BOOL = 6, 7
_STRING, _ARRAY = 8, 9
ARCHITECTURE, _TYPE, _TEMPLATE = "general.architecture", "general.type", "tokenizer.chat_template"
_TOKENIZER = "tokenizer."
TOKENS = "tokenizer.ggml.tokens"
"""List of a model's tokens, kept as its length: some headers tell the size of the vocabulary in no other way."""
_NEEDED = (".context_length", ".block_count")
_VERSIONS = (2, 3)
_MOST_KEYS = 65_536
_LONGEST_KEY = 65_535
_LONGEST_TEXT = 1024
_LONGEST_FACT = 200
"""Bytes of a text that is a fact of the model; licenses and templates are longer."""
_LONGEST_FACTS_KEY = 100
_MOST_FACTS = 1000
"""Models have some 40; more are no model's."""
_LARGEST_HEADER = 256 * 2**20
_CHUNK = 256 * 1024
_DEEPEST = 4
_MOST_ENTRIES = 4_000_000


class Stream(Protocol):
    """A file, a member of an archive, or several files joined."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""


Scalar = bool | int | float | str


@dataclass(frozen=True)
class Header:
    """The facts of a header that decisions need, and its scalars."""

    architecture: str
    context_length: int
    has_chat_template: bool
    scalars: dict[str, Scalar] = field(default_factory=dict)
    """Every number, truth value and short text of the header, by its key, and the number of its tokens."""


class GgufError(KitError):
    """The file is not a model that an engine can load."""


def read_header(stream: Stream, name: str) -> Header:
    """Return the facts of a header; GgufError names the file and the fault."""
    reader = _Reader(stream, name)
    facts: dict[str, Any] = {}
    for _ in _keys(reader, facts):
        pass
    return _header(facts, reader)


def read_head(stream: Stream, name: str) -> Header:
    """Return the facts before the lists of the tokenizer, reading no further; GgufError names the fault."""
    reader = _Reader(stream, name)
    facts: dict[str, Any] = {}
    is_past = False
    for key in _keys(reader, facts):
        is_past |= key.startswith(_TOKENIZER) and (key == TOKENS or key not in facts)
        if is_past and f"{facts.get(ARCHITECTURE)}.context_length" in facts:
            break
    return _header(facts, reader)


def is_projector(stream: Stream, name: str) -> bool:
    """Return True if a GGUF file is a projector (it turns pictures into tokens), by the engine's own rule."""
    facts: dict[str, Any] = {}
    for _ in _keys(_Reader(stream, name), facts):
        pass
    sees = any(key.endswith(".vision.block_count") and _count(facts, key) for key in facts)
    return facts.get(_TYPE) in ("projector", "mmproj") or (
        sees and not _count(facts, f"{facts.get(ARCHITECTURE)}.block_count")
    )


def _keys(reader: _Reader, facts: dict[str, object]) -> Iterator[str]:
    """Collect the wanted facts key by key; a list is told before its items are read."""
    if reader.take(4) != b"GGUF":
        raise reader.wrong("it does not begin with the GGUF magic number")
    version = reader.number("<I")
    if version not in _VERSIONS:
        raise reader.wrong(f"its format is {version}; 2 and 3 are known, both little-endian")
    reader.skip(8)
    count = reader.number("<Q")
    if count > _MOST_KEYS:
        raise reader.wrong(f"its header claims {count} keys")
    for _ in range(count):
        key = reader.text(_LONGEST_KEY)
        kind = reader.number("<I")
        if key == _TEMPLATE and kind == _STRING:
            facts[key] = reader.skip_text() > 0
        elif key in (ARCHITECTURE, _TYPE) and kind == _STRING:
            facts[key] = reader.text(_LONGEST_TEXT)
        elif _is_fact(key, facts) and (kind == _STRING or kind in _NUMBERS):
            value = reader.scalar(kind)
            facts |= {} if value is None else {key: value}
        elif kind == _ARRAY:
            items, length = reader.array()
            facts |= {key: length} if key == TOKENS else {}
            yield key
            reader.skip_items(items, length, 1)
            continue
        else:
            reader.skip_value(kind, 0)
        yield key


def _is_fact(key: str, facts: dict[str, object]) -> bool:
    is_kept = len(facts) < _MOST_FACTS or key.endswith(_NEEDED)
    return is_kept and len(key) <= _LONGEST_FACTS_KEY and key.isascii() and key.isprintable()


def _count(facts: dict[str, object], key: str) -> int:
    """Return a whole number of the header; 0 without it."""
    value = facts.get(key)
    return value if type(value) is int else 0


def _header(facts: dict[str, Any], reader: _Reader) -> Header:
    architecture = facts.get(ARCHITECTURE, "")
    length = _count(facts, f"{architecture}.context_length")
    if not (architecture.isascii() and architecture.replace("-", "").replace("_", "").isalnum()):
        raise reader.wrong("its header names no architecture")
    if length < 1:
        raise reader.wrong(f"its header gives no context length; {architecture} may be no language model")
    scalars = {key: value for key, value in facts.items() if key != _TEMPLATE}
    return Header(architecture, length, facts.get(_TEMPLATE, False), scalars)


def _short(value: float, kind: int) -> float:
    """Return the shortest decimal that means the same in the file's own precision."""
    if kind != _FLOAT:
        return value
    shortest = (float(f"{value:.{digits}g}") for digits in range(6, 10))
    return next(decimal for decimal in shortest if struct.pack("<f", decimal) == struct.pack("<f", value))


class _Reader:
    """Reader of a stream that refuses more bytes than a header can have."""

    def __init__(self, stream: Stream, name: str) -> None:
        self.stream = stream
        self.name = name
        self.buffer = b""
        self.position = 0
        self.left = _LARGEST_HEADER
        self.entries = 0

    def wrong(self, what: str) -> GgufError:
        return GgufError(f"{self.name} is not a GGUF model: {what}", "fetch the file again, or name another")

    def take(self, size: int) -> bytes:
        """Return exactly `size` bytes."""
        if len(self.buffer) - self.position < size:
            self._fill(size)
        self.position += size
        return self.buffer[self.position - size : self.position]

    def _fill(self, size: int) -> None:
        parts = [self.buffer[self.position :]]
        have = len(parts[0])
        while have < size:
            part = self.stream.read(_CHUNK)
            if not part:
                raise self.wrong("it ends in the middle of its header")
            self.left -= len(part)
            if self.left < 0:
                raise self.wrong(f"its header is larger than {_LARGEST_HEADER // 2**20} MiB")
            parts.append(part)
            have += len(part)
        self.buffer, self.position = b"".join(parts), 0

    def skip(self, size: int) -> None:
        """Skip bytes without keeping them."""
        if size > _LARGEST_HEADER:
            raise self.wrong(f"its header claims a value of {size} bytes")
        while size > _CHUNK:
            self.take(_CHUNK)
            size -= _CHUNK
        self.take(size)

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def text(self, longest: int) -> str:
        size = self.number("<Q")
        if size > longest:
            raise self.wrong(f"its header holds a name of {size} bytes")
        return self.take(size).decode("utf-8", "replace")

    def scalar(self, kind: int) -> Scalar | None:
        """Return a value; None for a text that is long or holds signs, and for a number that is none."""
        if kind == _STRING:
            size = self.number("<Q")
            if size > _LONGEST_FACT:
                self.skip(size)
                return None
            text = self.take(size).decode("utf-8", "replace")
            return text if text.isprintable() else None
        (value,) = struct.unpack(_NUMBERS[kind], self.take(_SIZES[kind]))
        if not isinstance(value, float):
            return bool(value) if kind == _BOOL else int(value)
        return _short(value, kind) if math.isfinite(value) else None

    def skip_text(self) -> int:
        size = self.number("<Q")
        self.skip(size)
        return size

    def skip_value(self, kind: int, depth: int) -> None:
        if kind in _SIZES:
            self.skip(_SIZES[kind])
        elif kind == _STRING:
            self.skip_text()
        elif kind == _ARRAY and depth == _DEEPEST:
            raise self.wrong("its header holds lists in lists in lists")
        elif kind == _ARRAY:
            self.skip_items(*self.array(), depth + 1)
        else:
            raise self.wrong(f"its header holds a value of the unknown kind {kind}")

    def array(self) -> tuple[int, int]:
        """Return the kind and the number of a list's items, which follow."""
        return self.number("<I"), self.number("<Q")

    def skip_items(self, kind: int, count: int, depth: int) -> None:
        """Skip the items of a list."""
        if kind in _SIZES:
            self.skip(_SIZES[kind] * count)
            return
        self.entries += count
        if self.entries > _MOST_ENTRIES:
            raise self.wrong(f"its header claims lists of {self.entries} entries")
        for _ in range(count):
            self.skip_value(kind, depth)
