"""A YAML file as plain data, with the place of each value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deploy.errors import Problem
from deploy.strict import shown

_JOINTS = str.maketrans("_-/", "aaa")
FieldPath = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass
class Document:
    """The data of one file, the place of every key and value, and the faults of its form."""

    file: str
    data: Any = None
    values: dict[FieldPath, Place] = field(default_factory=dict)
    keys: dict[FieldPath, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    covered: set[FieldPath] = field(default_factory=set)
    """Paths with a final problem; further problems at or below them would only repeat it."""

    def place(self, path: FieldPath, *, at_key: bool = False) -> Place:
        """Return the place of a value (or its key); for a missing value, the place where it would stand."""
        if at_key and path in self.keys:
            return self.keys[path]
        while path not in self.values:
            if not path:
                return (1, 1)
            path = path[:-1]
        return self.values[path]

    def problem(self, path: FieldPath, message: str, *, at_key: bool = False) -> Problem:
        """Return a problem at its place in the file."""
        return self.problem_at(self.place(path, at_key=at_key), path, message)

    def problem_at(self, place: Place, path: FieldPath, message: str) -> Problem:
        """Return a problem at a given place."""
        return Problem(self.file, *place, path_text(path), message)

    def complain(self, path: FieldPath, message: str, *, at_key: bool = False) -> None:
        """Note a problem, and that its path needs no further one."""
        self.problems.append(self.problem(path, message, at_key=at_key))
        self.covered.add(path)

    def is_covered(self, path: FieldPath) -> bool:
        """Return True if this path or one above it already has a problem."""
        return bool(self.covered) and any(path[:length] in self.covered for length in range(len(path) + 1))


def path_text(path: FieldPath) -> str:
    """Return `engines[0].port` for ("engines", 0, "port")."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if part.translate(_JOINTS).isalnum() and len(part) <= 60 else shown(part)
            text += f".{name}" if text else name
    return text
