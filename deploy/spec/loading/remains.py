"""What is left of a spec when its faulty parts are taken out, so that cross checks see the rest at once."""

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
    """Paths in the file that were taken out."""
    places: dict[FieldPath, list[int]] = field(default_factory=dict)
    """Of the lists that lost entries, by their path in the file: the places there of the entries that are left."""
    holes: dict[FieldPath, set[int]] = field(default_factory=dict)
    """Entries to drop once all faults of a round are known, by the path of their list in what is left."""
    stand_ins: set[str] = field(default_factory=lambda: {"no-engines"})
    """What stand-ins are called: a finding that says one of them is about nothing in the file."""

    def original(self, path: FieldPath) -> FieldPath:
        """Return the path in the file for a path in what is left."""
        found: FieldPath = ()
        for part in path:
            places = self.places.get(found)
            found = (*found, places[part] if places is not None and isinstance(part, int) else part)
        return found

    def take_out(self, path: FieldPath) -> None:
        """Remove a faulty value, or the mapping that lacks one; what the others rest on has a stand-in."""
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
        """Return a value that the field takes in the place of one that is missing, so that the rest is looked at."""
        info = field_at(Spec, path, self.data)
        if info is None:
            return None
        annotation: Any = Annotated[info.annotation, info]
        wanted = TypeAdapter[Any](annotation)
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
        """Say whether a text names something that is not in the file."""
        return any(re.search(rf"\b{re.escape(name)}\b", text) for name in self.stand_ins)

    def close_gaps(self) -> None:
        """Drop the list entries that were taken out, the innermost first: their paths hold until then."""
        for path, holes in sorted(self.holes.items(), key=lambda item: -len(item[0])):
            if not _exists(self.data, path):
                continue
            entries, original = _inside(self.data, (*path, 0)), self.original(path)
            places = self.places.get(original, list(range(len(entries))))
            self.places[original] = [place for index, place in enumerate(places) if index not in holes]
            entries[:] = [entry for index, entry in enumerate(entries) if index not in holes]
        self.holes = {}


def findings_in_remains(document: Document, faults: Faults) -> list[Finding]:
    """Return what cross checks find in the sound parts of a document, as far as it does not rest on the others."""
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


def _stands(finding: Finding, remains: _Remains, data: Any) -> bool:
    """Say whether nothing that the finding rests on was taken out."""
    gone = remains.gone
    if remains.says_stand_in(finding.message):
        return False
    for path in (finding.path, *finding.also):
        if any(path[:length] in gone for length in range(len(path) + 1)):
            return False
    return not any(path[0] in finding.whole and _may_be(finding.wanted[0], path, data) for path in gone)


def _may_be(wanted: str, path: FieldPath, data: Any) -> bool:
    """Say whether what was taken out may be what a finding misses."""
    is_name, is_whole = path[2:] == ("name",), len(path) < 3
    if not wanted:
        return is_name or is_whole or path[2:] == ("engine",)
    # A faulty name may be mended to the one that is wanted
    word = rf"(?<![\w.-]){re.escape(wanted)}(?![\w.-])"
    may_be = [not name or (re.search(word, name) if is_name else name == wanted) for name in _names(data, path)]
    return (is_name or is_whole) and any(may_be)


def _names(data: Any, path: FieldPath) -> list[str]:
    """Return the names in an entry of the file, or in all of its list, sound or not; empty ones where there is none."""
    whole = data.get(path[0])
    entries = whole if len(path) == 1 else [_inside(data, (*path[:2], "name"))]
    listed = entries if isinstance(entries, list) else []
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in listed]
    return [name if isinstance(name, str) else "" for name in names] or [""]


def _moved(finding: Finding, remains: _Remains, data: Any) -> Finding:
    """Return a finding with its places in the file; a guess may be of what was taken out as well."""
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
    """Return what holds the last part of a path."""
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


def _is_written(data: Any, path: FieldPath) -> bool:
    """Say whether something stands at a path, were it null."""
    inside = _inside(data, path)
    return not isinstance(inside, dict) or path[-1] in inside
