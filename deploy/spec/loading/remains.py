"""The rest of a spec without its faulty parts, so that cross checks see it at once."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from deploy.reading.document import Document, FieldPath
from deploy.reading.validation import Faults, attempt, is_echo
from deploy.reading.wording import field_at
from deploy.spec.checks.crosschecks import findings
from deploy.spec.checks.finding import Finding
from deploy.spec.model import Spec

_STAND_INS: dict[FieldPath, Any] = {
    ("kit",): 1,
    ("stack",): "stack",
    ("backup",): None,
    ("engines",): [{"name": "no-engines", "kind": Spec.model_fields["engines"].default[0].kind}],
}
_ROUNDS = 8


@dataclass
class _Remains:
    data: dict[str, Any]
    gone: set[FieldPath] = field(default_factory=set)
    """Removed paths of the file."""
    places: dict[FieldPath, list[int]] = field(default_factory=dict)
    """Path of each shortened list in the file to the indexes there of its remaining entries."""
    holes: dict[FieldPath, set[int]] = field(default_factory=dict)
    """Entries to drop once all faults of a round are known, by the path of their list in the rest."""
    stand_ins: set[str] = field(default_factory=lambda: {"no-engines"})
    """Names of stand-ins: a finding with such a name is about nothing in the file."""

    def original(self, path: FieldPath) -> FieldPath:
        """Return the path in the file of a path in the rest."""
        before: FieldPath = ()
        for part in path:
            places = self.places.get(before)
            before = (*before, places[part] if places is not None and isinstance(part, int) else part)
        return before

    def take_out(self, path: FieldPath) -> None:
        """Remove a faulty value, or the mapping that lacks one; a value that others rest on gets a stand-in."""
        self.gone.add(self.original(path))
        if path not in _STAND_INS and not _is_written(self.data, path):
            if stand_in := self._stand_in(path):
                _inside(self.data, path)[path[-1]] = stand_in
                return
            path = path[:-1] or path
            self.gone.add(self.original(path))
        inside = _inside(self.data, path)
        if path in _STAND_INS:
            inside[path[0]] = deepcopy(_STAND_INS[path])
        elif isinstance(inside, list):
            inside[int(path[-1])] = None
            self.holes.setdefault(path[:-1], set()).add(int(path[-1]))
        else:
            inside.pop(path[-1], None)

    def _stand_in(self, path: FieldPath) -> str | int | None:
        """Return a valid value of the field in place of a missing one, so that the rest can be checked."""
        info = field_at(Spec, path, self.data)
        if info is None:
            return None
        annotation: Any = Annotated[info.annotation, info]
        wanted = TypeAdapter[object](annotation)
        name = "-".join(["no", str(path[-1]), *(str(part) for part in self.original(path) if isinstance(part, int))])
        for value in (name, f"http://{name}.invalid", 1):
            try:
                wanted.validate_python(value, strict=True)
            except ValidationError:
                continue
            self.stand_ins.add(name)
            return value
        return None

    def says_stand_in(self, text: str) -> bool:
        """Return True if a text has the name of a stand-in, which is not in the file."""
        return any(re.search(rf"\b{re.escape(name)}\b", text) for name in self.stand_ins)

    def close_gaps(self) -> None:
        """Drop the removed list entries, the innermost first: their paths are valid until then."""
        for path, holes in sorted(self.holes.items(), key=lambda item: -len(item[0])):
            if not _exists(self.data, path):
                continue
            entries, original = _inside(self.data, (*path, 0)), self.original(path)
            places = self.places.get(original, list(range(len(entries))))
            self.places[original] = [place for index, place in enumerate(places) if index not in holes]
            entries[:] = [entry for index, entry in enumerate(entries) if index not in holes]
        self.holes = {}


def findings_in_remains(document: Document, faults: Faults) -> list[Finding]:
    """Return the cross checks' findings about the valid parts of a document that rest on no faulty part."""
    remains = _Remains(deepcopy(document.data))
    known = [*sorted(document.covered, key=str), *(path for path, _ in faults)]
    for _ in range(_ROUNDS):
        for path in known:
            if _exists(remains.data, path[:-1]):
                remains.take_out(path)
        remains.close_gaps()
        spec, again = attempt(Spec, remains.data, Path(document.file).parent)
        if spec is not None:
            moved = [_moved(finding, remains, document.data) for finding in findings(spec)]
            return [finding for finding in moved if _stands(finding, remains, document.data)]
        known = [path for path, error in again if not is_echo(error)]
        if () in known:
            break
    return []


def _stands(finding: Finding, remains: _Remains, data: object) -> bool:
    """Return True if a finding rests on no removed value."""
    gone = remains.gone
    if remains.says_stand_in(finding.message):
        return False
    for path in (finding.path, *finding.also):
        if any(path[:length] in gone for length in range(len(path) + 1)):
            return False
    return not any(path[0] in finding.whole and _may_be(finding.wanted[0], path, data) for path in gone)


def _may_be(wanted: str, path: FieldPath, data: object) -> bool:
    """Return True if a removed value may be the one that a finding misses."""
    is_name, is_whole = path[2:] == ("name",), len(path) < 3
    if not wanted:
        return is_name or is_whole or path[2:] == ("engine",)
    # A faulty name may become the wanted one
    word = rf"(?<![\w.-]){re.escape(wanted)}(?![\w.-])"
    may_be = [not name or (re.search(word, name) if is_name else name == wanted) for name in _names(data, path)]
    return (is_name or is_whole) and any(may_be)


def _names(data: Any, path: FieldPath) -> list[str]:
    """Return the names in an entry of the file, or in all of its list, valid or not; empty without a name."""
    whole = data.get(path[0])
    entries = whole if len(path) == 1 else [_inside(data, (*path[:2], "name"))]
    listed = entries if isinstance(entries, list) else []
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in listed]
    return [name if isinstance(name, str) else "" for name in names] or [""]


def _moved(finding: Finding, remains: _Remains, data: object) -> Finding:
    """Return a finding with its places in the file; its guess may be a removed name."""
    wanted, known = finding.wanted
    gone = [name for path in sorted(remains.gone, key=str) if path[0] in finding.whole for name in _names(data, path)]
    return Finding(
        remains.original(finding.path),
        finding.message,
        tuple(map(remains.original, finding.also)),
        finding.whole,
        (wanted, tuple(dict.fromkeys(name for name in (*known, *gone) if name and name not in remains.stand_ins))),
    )


def _inside(data: Any, path: FieldPath) -> Any:
    """Return the container of a path's last part."""
    for part in path[:-1]:
        data = data[part]
    return data


def _exists(data: Any, path: FieldPath) -> bool:
    for part in path:
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and int(part) < len(data)
        if not inside or data[part] is None:
            return False
        data = data[part]
    return True


def _is_written(data: object, path: FieldPath) -> bool:
    """Return True if a value is written at a path, even null."""
    inside = _inside(data, path)
    return not isinstance(inside, dict) or path[-1] in inside
