"""An entry of `models` from a Modelfile, checked by all rules of kit.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from deploy.errors import KitError, Problem
from deploy.protocols.doors.modelfiles import Entry
from deploy.reference import parse_model

if TYPE_CHECKING:
    from deploy.spec.model import Spec


def refused_by_itself(entry: Entry, file: str, lines: Mapping[str, int]) -> dict[str, list[Problem]]:
    """Return the keys of an entry that kit.yaml refuses, each with its faults."""
    from deploy.reading.validation import attempt
    from deploy.reading.wording import words
    from deploy.spec.models import Model

    _, faults = attempt(Model, entry)
    refused: dict[str, list[Problem]] = {}
    for path, error in faults:
        key = str(path[0])
        line = lines.get("message" if key == "messages" else key, 1)
        wrong = Problem(file, line, 1, "", f"{key}: {words(error, path, Model, entry)}")
        refused.setdefault(key, []).append(wrong)
    try:
        if isinstance(entry["from"], str):
            parse_model(entry["from"])
    except KitError as error:
        wrong = Problem(file, lines.get("from", 1), 1, "", f"from: {error.problem}; {error.next_step}")
        refused.setdefault("from", []).append(wrong)
    return refused


def refused_beside(entry: Entry, spec: Spec | None, file: str, lines: Mapping[str, int]) -> dict[str, list[Problem]]:
    """Return the keys that conflict with the rest of a kit.yaml; findings without a key count as well."""
    from deploy.spec.loading.addition import of_addition

    refused: dict[str, list[Problem]] = {}
    for key, message in of_addition(entry, spec):
        line = lines.get("message" if key == "messages" else key, 1)
        refused.setdefault(key, []).append(Problem(file, line, 1, "", f"{key}: {message}"))
    return refused


def taken(entry: Entry, spec: Spec | None) -> str:
    """Return the next step for an entry whose name a kit.yaml already has; empty if the name is free."""
    from deploy.spec.loading.addition import is_taken

    if not is_taken(entry, spec):
        return ""
    there = f"kit.yaml has a model {entry['name']} on {entry['engine']} already"
    return f"{there}: put these lines in its place, or choose another name with --name"
