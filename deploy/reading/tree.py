"""Reader from YAML text to a Document: plain YAML only, by the rules of YAML 1.2.

Anchors, aliases, tags and duplicate keys are refused. Only null, true, false and whole numbers are more than text, so
`no`, `1.10`, `22:30` and `012` mean what they look like; a decimal becomes a number where the model wants one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from deploy.errors import SpecError
from deploy.reading.document import Document, FieldPath, Place
from deploy.reading.syntax import syntax_words
from deploy.text_file import file_name, read_text

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}
_DEEPEST = 24


class _UnreadableError(Exception):
    """The rest of the file cannot be read in a meaningful way."""


class _Frame:
    """An open list or mapping."""

    def __init__(self, path: FieldPath, container: Any) -> None:
        self.path = path
        self.container = container
        self.key: str | None = None
        self.repeated = False

    def next_path(self) -> FieldPath:
        """Return the path of the next value."""
        return (*self.path, len(self.container) if self.key is None else self.key)

    def put(self, value: Any) -> None:
        """Add the next value."""
        if isinstance(self.container, list):
            self.container.append(value)
        elif self.key is not None and not self.repeated:
            self.container[self.key] = value
        self.key = None


class _Builder:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.frames: list[_Frame] = []
        self.aliases: set[str | None] = set()

    def take(self, event: yaml.Event) -> None:
        """Handle one event of the parser."""
        if isinstance(event, yaml.CollectionEndEvent):
            self.frames.pop()
            return
        place = _place(event)
        frame = self.frames[-1] if self.frames else None
        if frame and isinstance(frame.container, dict) and frame.key is None:
            self._take_key(frame, event, place)
            return
        path = frame.next_path() if frame else ()
        self.document.values.setdefault(path, place)
        self._refuse_extras(path, event)
        value = _value(event)
        if frame:
            frame.put(value)
        else:
            self.document.data = value
        if isinstance(event, yaml.CollectionStartEvent):
            if len(self.frames) == _DEEPEST:
                self.document.complain(path, f"is nested deeper than {_DEEPEST} levels")
                raise _UnreadableError
            self.frames.append(_Frame(path, value))

    def _take_key(self, frame: _Frame, event: yaml.Event, place: Place) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            self.document.values.setdefault((*frame.path, "?"), place)
            self.document.complain((*frame.path, "?"), "a key must be a plain word")
            raise _UnreadableError
        path = (*frame.path, event.value)
        frame.key = event.value
        frame.repeated = path in self.document.keys
        if frame.repeated:
            first = self.document.keys[path][0]
            self.document.problems.append(
                self.document.problem_at(place, path, f"is written twice (first in line {first}); keep one")
            )
        self.document.keys.setdefault(path, place)
        self._refuse_extras(path, event)

    def _refuse_extras(self, path: FieldPath, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.document.covered.add(path)
            # Report each anchor once: a bomb has very many.
            if event.anchor not in self.aliases:
                self.document.complain(path, f"aliases (*{event.anchor}) are not allowed here; write the value out")
            self.aliases.add(event.anchor)
        elif event.anchor is not None:
            self.document.complain(path, f"anchors (&{event.anchor}) are not allowed here; write the value out")
        elif event.tag is not None:
            self.document.complain(path, "tags (!...) are not allowed here; leave it out")


def _value(event: yaml.Event) -> Any:
    if isinstance(event, yaml.MappingStartEvent):
        return {}
    if isinstance(event, yaml.SequenceStartEvent):
        return []
    if not isinstance(event, yaml.ScalarEvent):
        return None
    text: str = event.value
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


def _place(event: Any) -> Place:
    return (event.start_mark.line + 1, event.start_mark.column + 1)


def _build(document: Document, text: str) -> None:
    builder = _Builder(document)
    begun = False
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.DocumentStartEvent):
            if begun:
                place = _place(event)
                wrong = "a second document ('---') begins here; one file holds one"
                document.problems.append(document.problem_at(place, (), wrong))
                raise _UnreadableError
            begun = True
        elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
            builder.take(event)


def read_document(path: Path, limit: int, missing: str) -> Document:
    """Read a YAML file; SpecError if its form leaves nothing usable."""
    return parse_document(read_text(path, limit, missing), file_name(path), missing)


def parse_document(text: str, file: str, missing: str) -> Document:
    """Return the Document of the text of a file, which need not exist yet."""
    document = Document(file)
    try:
        _build(document, text)
    except _UnreadableError:
        raise SpecError(document.problems) from None
    except yaml.YAMLError as error:
        place, words = syntax_words(error, text)
        raise SpecError([*document.problems, document.problem_at(place, (), words)]) from None
    if document.data is None and not document.problems:
        document.complain((), f"is empty; {missing}")
    elif not isinstance(document.data, dict):
        document.complain((), "must begin with keys, such as `kit: 1`")
    if document.is_covered(()):
        raise SpecError(document.problems)
    return document
