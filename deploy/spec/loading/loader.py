"""kit.yaml into a Spec, or every problem in it at once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from deploy.agent.line import Line
from deploy.errors import Problem, SpecError
from deploy.reading.document import Document
from deploy.reading.tree import parse_document, read_document
from deploy.reading.validation import WORDED, problems_of, validate
from deploy.spec.checks.crosschecks import findings
from deploy.spec.checks.finding import Finding
from deploy.spec.loading.foreign import begin_at, foreign, has_no_own_key
from deploy.spec.loading.meant import meant
from deploy.spec.loading.planned import refuse_planned
from deploy.spec.loading.remains import findings_in_remains
from deploy.spec.model import Spec
from deploy.strict import shown
from deploy.text_file import file_name, read_text

LARGEST = 1024 * 1024
VERSION = 1


def load_spec(path: Path) -> Spec:
    """Return the spec in kit.yaml; SpecError carries every problem in it."""
    near = _near(path)
    if near and path.is_dir():
        raise SpecError([Problem(file_name(path), 0, 0, "", f"is a directory; did you mean {near}?")])
    missing = f"did you mean {near}?" if near else f"`{Line('init')}` writes one"
    text, file = read_text(path, LARGEST, missing), file_name(path)
    if told := foreign(path, text, Spec):
        raise SpecError([Problem(file, 0, 0, "", told)])
    document = parse_document(text, file, missing)
    if has_no_own_key(document.data, Spec):
        wrong = f"has none of a kit.yaml's keys (kit, stack, engines); {begin_at(path)}"
        raise SpecError([Problem(file, 0, 0, "", wrong)])
    return read_spec(document)


def _near(path: Path) -> Path | None:
    try:
        return None if path.is_file() else meant(path)
    except (OSError, ValueError):
        # A path that cannot even be looked at, such as one that is too long
        return None


def told_at(path: Path, findings: Iterable[Finding]) -> list[Problem]:
    """Return the findings about a spec that is valid by itself, each at its place in kit.yaml."""
    return _cross(read_document(path, LARGEST, ""), findings)


def read_spec(document: Document) -> Spec:
    """Return the spec in a document; SpecError carries every problem in it."""
    _ensure_version(document)
    refuse_planned(document)
    spec, faults = validate(document, Spec)
    sound = spec is not None and not document.problems
    faulty = findings(spec) if spec is not None and sound else findings_in_remains(document, faults)
    problems = [*document.problems, *problems_of(document, Spec, faults), *_cross(document, faulty)]
    if problems or spec is None:
        raise SpecError(problems or [document.problem((), "cannot be understood")])
    return spec


def _cross(document: Document, findings: Iterable[Finding]) -> list[Problem]:
    return [document.problem(finding.path, finding.text()) for finding in islice(findings, WORDED)]


def _ensure_version(document: Document) -> None:
    version = document.data.get("kit", VERSION)
    if version == VERSION and not isinstance(version, bool):
        return
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        wrong = f"version {version} of this file is newer than this kit knows ({VERSION}); update the kit"
    else:
        wrong = f"{shown(version)} is not a version of this file's format; write `kit: {VERSION}`"
    raise SpecError([document.problem(("kit",), wrong)])
