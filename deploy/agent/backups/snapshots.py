"""Operation `backups`: the snapshots of a stack, or one of them with its parts."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deploy.agent.backups.copies import STATEMENT, STATEMENT_FORMAT
from deploy.agent.backups.damage import key_damage, lost
from deploy.agent.backups.restic import MOST_TOLD, NO_REPOSITORY, Restic, Said
from deploy.agent.backups.space import UNCHANGED
from deploy.agent.backups.work import released_backup, restic_of
from deploy.agent.contract.backup_runs import is_ahead
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup, BackupsAnswer, BackupsRequest, Part, Snapshot, Statement

LATEST = "latest"
BEFORE, MACHINE = "before-", "on-"
"""Beginnings of a snapshot's tags that name the change it was taken before, and the machine that took it."""
SHORT = 8
"""Characters of an id that restic shows."""
MOST_LISTED = 8
DEPTH = 2
"""Parts of a snapshot are told to this depth: `data/SERVICE`."""
_ZONED = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)([+-]\d\d:\d\d)")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")


def run(request: BackupsRequest, _journal: Journal) -> BackupsAnswer:
    """List every snapshot; of a named snapshot also its parts and its statement."""
    root = Path(request["root"])
    backup = released_backup(root)
    restic = restic_of(root, backup)
    wanted = request.get("snapshot")
    if wanted is None:
        return _all(root, restic, backup)
    snapshot = meant(root, restic, backup["stack"], wanted)
    return {
        "repository": backup["repository"],
        "snapshots": [snapshot],
        "parts": parts(restic, snapshot["id"]),
        "statement": statement(restic, snapshot["id"]),
    }


def _all(root: Path, restic: Restic, backup: Backup) -> BackupsAnswer:
    said = _asked(restic, backup["stack"])
    if said.kind == NO_REPOSITORY and not restic.is_begun and not key_damage(Path(restic.repository)):
        return {"repository": backup["repository"], "snapshots": []}
    said = _good(restic, said)
    answer: BackupsAnswer = {"repository": backup["repository"], "snapshots": _read(said)}
    gone = lost(root, restic.repository, {each["id"] for each in answer["snapshots"]})
    if problems := [*filter(None, [said.complaints]), *([] if said.complaints else gone)]:
        answer["problems"] = problems
    return answer


def meant(root: Path, restic: Restic, stack: str, wanted: str) -> Snapshot:
    """Return the snapshot that a person means; `latest` is refused while a newer one may be broken, or is to come.

    restic leaves out a snapshot that it cannot read, with a word on standard error alone.
    """
    said = _listed(restic, stack)
    listed = _read(said)
    broken = said.complaints[:MOST_TOLD] or "; ".join(lost(root, restic.repository, {each["id"] for each in listed}))
    if broken and wanted == LATEST:
        raise _maybe_broken(broken)
    if wanted == LATEST:
        _ensure_past(listed)
    return chosen(listed, wanted)


def _maybe_broken(problem: str) -> AgentError:
    return AgentError(
        f"the newest backup may be a broken one: {problem}", f"choose one by its time: {Line('backup', 'list')}"
    )


def _ensure_past(listed: list[Snapshot]) -> None:
    """Raise AgentError for a snapshot of a clock that was ahead: nobody knows which one is the newest then."""
    ahead = [each for each in listed if is_ahead(each["time"], time.time())]
    if ahead:
        raise AgentError(
            f"a clock is wrong, or was: the backup {ahead[-1]['id'][:SHORT]} of {ahead[-1]['time']} is still to come",
            f"choose one by its id or time: {Line('backup', 'list')}",
        )


def snapshots_in(restic: Restic) -> set[str]:
    """Return the ids of every snapshot in a repository."""
    return {str(each["id"]) for each in restic.ask("snapshots", "--no-lock").listed}


def _listed(restic: Restic, stack: str) -> Said:
    return _good(restic, _asked(restic, stack))


def _good(restic: Restic, said: Said) -> Said:
    if said.status != 0:
        raise restic.failure("snapshots", said)
    return said


def _asked(restic: Restic, stack: str) -> Said:
    # Reading takes no lock.
    return restic.run("snapshots", "--no-lock", "--host", stack, "--tag", "kit")


def of_any_stack(restic: Restic, wanted: str) -> Snapshot:
    """Return the snapshot that a person means, of a repository of which no more is known."""
    said = restic.ask("snapshots", "--no-lock", "--tag", "kit")
    if said.complaints and wanted == LATEST:
        raise _maybe_broken(said.complaints[:MOST_TOLD])
    listed = _read(said)
    stacks = sorted({each["host"] for each in listed})
    if len(stacks) > 1 and wanted == LATEST:
        ids = "; ".join(f"{each['host']} {each['time']} {each['id'][:SHORT]}" for each in listed[-MOST_LISTED:])
        raise AgentError(f"{restic.repository} has backups of {' and '.join(stacks)}", f"choose one by its id: {ids}")
    if wanted == LATEST:
        _ensure_past(listed)
    return chosen(listed, wanted)


def _read(said: Said) -> list[Snapshot]:
    taken: list[Snapshot] = [
        {
            "id": str(each["id"]),
            "time": taken_at(each),
            "host": str(each.get("hostname", "")),
            "before": change_of(each),
            "machine": tagged(each, MACHINE),
        }
        for each in said.listed
    ]
    return sorted(taken, key=lambda each: each["time"])


def tagged(snapshot: Mapping[str, Any], beginning: str) -> str:
    """Return the rest of the tag that begins so; empty without one."""
    tags = snapshot.get("tags") or []
    return next((str(tag)[len(beginning) :] for tag in tags if str(tag).startswith(beginning)), "")


def chosen(listed: list[Snapshot], wanted: str) -> Snapshot:
    """Return the snapshot that a person means: `latest`, the beginning of an id, or of a time.

    `latest` is none that was taken before a restore: it holds what that restore replaced.
    """
    taken = [each for each in listed if each["before"] != "restore"]
    meant = taken[-1:] if wanted == LATEST else [each for each in listed if _is_meant(each, wanted)]
    if len(meant) != 1:
        problem = "there is no backup yet" if not listed else f"{len(meant) or 'no'} backups are meant by {wanted!r}"
        raise AgentError(problem, f"the backups: {Line('backup', 'list')}")
    return meant[0]


def statement(restic: Restic, snapshot: str) -> Statement:
    """Return what a snapshot says of itself; raise AgentError for that of a newer kit, or of no kit at all."""
    said = dumped(restic, snapshot, STATEMENT)
    if not isinstance(said.get("format"), int):
        problem = f"the backup {snapshot[:SHORT]} was not taken by kit: its {STATEMENT} has no format"
        raise AgentError(problem, f"the others: {Line('backup', 'list')}")
    if said["format"] > STATEMENT_FORMAT:
        raise AgentError(f"the backup {snapshot[:SHORT]} was taken by a newer kit", "use the kit that took it")
    return cast("Statement", said)


def dumped(restic: Restic, snapshot: str, path: str) -> dict[str, Any]:
    """Return a JSON file of a snapshot."""
    return _dump(restic, snapshot, path).document


def dumped_text(restic: Restic, snapshot: str, path: str) -> str:
    """Return a text file of a snapshot."""
    return "".join(f"{line}\n" for line in _dump(restic, snapshot, path).lines)


def _dump(restic: Restic, snapshot: str, path: str) -> Said:
    said = restic.run("dump", "--no-lock", snapshot, f"/{path}")
    if said.status != 0:
        raise unreadable(snapshot, said)
    return said


def unreadable(snapshot: str, said: Said) -> AgentError:
    """Return the error of a snapshot that the repository no longer holds whole."""
    return AgentError(
        f"the backup {snapshot[:SHORT]} cannot be read: {said.complaints[:MOST_TOLD] or f'exit code {said.status}'}",
        f"{UNCHANGED}; `{Line('backup', 'list')}` shows the others",
    )


def parts(restic: Restic, snapshot: str) -> list[Part]:
    """Return the parts of a snapshot with their files and sizes."""
    files: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for node in restic.ask("ls", "--no-lock", snapshot).documents:
        if node.get("struct_type") == "node" and node.get("type") == "file":
            part = _part(node)
            files[part] += 1
            # Of an empty file the size is left out.
            sizes[part] += int(node.get("size", 0))
    return [{"path": path, "files": files[path], "bytes": sizes[path]} for path in sorted(files)]


def _part(node: dict[str, Any]) -> str:
    words = str(node["path"]).strip("/").split("/")
    return "/".join(words[: min(DEPTH, max(1, len(words) - 1))])


def _is_meant(snapshot: Snapshot, wanted: str) -> bool:
    """Return True if a word begins a snapshot's id or time; an empty one, of a shell's unset variable, means none."""
    if not wanted:
        return False
    moment = _in_utc(wanted)
    digits = "".join(filter(str.isdigit, moment))
    is_time = len(digits) >= len("20250101") and not set(moment) - set("0123456789-:TZ_ ")
    taken = "".join(filter(str.isdigit, snapshot["time"]))
    return snapshot["id"].startswith(wanted) or (is_time and taken.startswith(digits))


def _in_utc(wanted: str) -> str:
    """Return a time with a zone's offset as the list prints it, in UTC, to the same digit; any other word as it is."""
    match = _ZONED.fullmatch(wanted)
    if match is None:
        return wanted
    try:
        moment = datetime.fromisoformat(match[1].replace(" ", "T") + match[2]).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return wanted
    return moment.strftime("%Y-%m-%dT%H:%M:%S")[: len(match[1])]


def change_of(listed: Mapping[str, Any]) -> str:
    """Return the change that a snapshot of restic's list was taken before; empty for none."""
    return tagged(listed, BEFORE)


def taken_at(listed: Mapping[str, Any]) -> str:
    """Return the time of a snapshot of restic's list in UTC, without its fraction of a second."""
    moment = str(listed["time"])
    match = _MOMENT.fullmatch(moment)
    if match is None:
        raise AgentError(f"restic printed {moment!r} as the time of a snapshot", "see `restic version`")
    # Python 3.9 reads neither a Z nor a fraction of nine digits.
    read = datetime.fromisoformat(match[1] + match[2].replace("Z", "+00:00"))
    return read.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
