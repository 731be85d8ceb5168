"""What is left of a spec when its faulty parts are taken out, so that cross checks see the rest at once."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.spec.crosschecks import findings
from deploy.spec.document import Document, FieldPath
from deploy.spec.finding import Finding
from deploy.spec.model import Spec
from deploy.spec.validation import Faults, attempt

_STAND_INS = {"kit": 1, "stack": "stack", "backup": None}
_ROUNDS = 8
_LISTS = ("engines", "models")


@dataclass
class _Remains:
    data: dict[str, Any]
    gone: set[FieldPath] = field(default_factory=set)
    """Paths in the file that were taken out."""
    kept: dict[str, list[int]] = field(default_factory=dict)
    """For each list, the places in the file of the entries that are left."""

    def original(self, path: FieldPath) -> FieldPath:
        """Return the path in the file for a path in what is left."""
        if len(path) > 1 and path[0] in _LISTS:
            return (path[0], self.kept[str(path[0])][int(path[1])], *path[2:])
        return path

    def take_out(self, path: FieldPath, is_missing: bool) -> None:
        """Remove a faulty value, or the mapping that lacks one."""
        if is_missing and len(path) > 1:
            path = path[:-1]
        inside: Any = self.data
        for part in path[:-1]:
            inside = inside[part]
        if len(path) == 1 and path[0] in _STAND_INS:
            inside[path[0]] = _STAND_INS[str(path[0])]
        elif isinstance(inside, list) and inside[int(path[-1])] is None:
            # Only the lists above can do without an entry.
            self.take_out(path[:-1], False)
        elif isinstance(inside, list):
            inside[int(path[-1])] = None
        else:
            inside.pop(path[-1], None)
        self.gone.add(self.original(path))

    def close_gaps(self) -> None:
        """Drop the list entries that were taken out."""
        for name in _LISTS:
            entries = self.data.get(name)
            if isinstance(entries, list):
                places = self.kept.get(name, [])
                self.kept[name] = [place for place, entry in zip(places, entries, strict=True) if entry is not None]
                self.data[name] = [entry for entry in entries if entry is not None]


def findings_in_remains(document: Document, faults: Faults) -> list[Finding]:
    """Return what cross checks find in the sound parts of a document, as far as it does not rest on the others."""
    data = deepcopy(document.data)
    remains = _Remains(data, kept={name: list(range(len(data[name]))) for name in _LISTS if _is_list(data.get(name))})
    known: list[tuple[FieldPath, bool]] = [
        (path, not _exists(data, path)) for path in sorted(document.covered, key=str)
    ]
    known += [(path, error["type"] == "missing") for path, error in faults]
    for _ in range(_ROUNDS):
        for path, is_missing in known:
            if _exists(remains.data, path[:-1]):
                remains.take_out(path, is_missing)
        remains.close_gaps()
        spec, again = attempt(Spec, remains.data, Path(document.file).parent)
        if spec is not None:
            return [_moved(finding, remains) for finding in findings(spec) if _stands(finding, remains)]
        known = [(path, error["type"] == "missing") for path, error in again]
        if any(not path or path == ("engines",) for path, _ in known):
            break
    return []


def _stands(finding: Finding, remains: _Remains) -> bool:
    """Say whether nothing that the finding rests on was taken out."""
    for path in map(remains.original, (finding.path, *finding.also)):
        if any(path[:length] in remains.gone for length in range(len(path) + 1)):
            return False
    return not any(path[0] in finding.whole and len(path) <= 2 for path in remains.gone)


def _moved(finding: Finding, remains: _Remains) -> Finding:
    return Finding(remains.original(finding.path), finding.message, wanted=finding.wanted)


def _is_list(found: Any) -> bool:
    return isinstance(found, list)


def _exists(data: Any, path: FieldPath) -> bool:
    for part in path:
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and int(part) < len(data)
        if not inside or data[part] is None:
            return False
        data = data[part]
    return True
