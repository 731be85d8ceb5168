"""Operation `back_up`: copies what a release declares, and gives it to restic."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.backups.check import check_weekly
from deploy.agent.backups.copies import PARTS, remove_secrets, take_copies
from deploy.agent.backups.left import clear_drill
from deploy.agent.backups.repository import ensure_repository, on_same_disk
from deploy.agent.backups.restic import Restic, Said
from deploy.agent.backups.snapshots import BEFORE
from deploy.agent.backups.work import released_backup, restic_of
from deploy.agent.errors import AgentError, told
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.stack.backup_memory import backing_up, note, now, remember

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup, BackUpAnswer, BackUpRequest, Before, Run

REMAINS = {"image": "no container was changed", "destroy": "nothing was removed", "restore": "nothing was restored"}
"""Consequence of a failed backup for the change that it was taken before."""


def run(request: BackUpRequest, journal: Journal) -> BackUpAnswer:
    """Take one backup now, while everything runs; a run that fails is remembered as such."""
    root, before = Path(request["root"]), request.get("before")
    backup = released_backup(root)
    with backing_up(root) as lock:
        restic = restic_of(root, backup, lock)
        clear_drill(root, backup["stack"])
        begun: Run = {"started": now(), **({"before": before} if before else {})}
        remember(root, last=begun)
        try:
            answer = _back_up(root, backup, restic, journal, before)
            if before is None:
                _keep_up(root, backup, restic, journal)
        except (AgentError, OSError) as problem:
            failure = told(problem)
            # The disk may be full, and the reason of the failure is more than its record.
            with suppress(OSError):
                _end(root, {**begun, "problem": failure.problem, "next": failure.next_step})
            raise _in_words(failure, before) from problem
        _end(root, _with_result(begun, answer))
    return answer


def back_up_before_restore(root: Path, backup: Backup, restic: Restic, journal: Journal) -> tuple[str, str]:
    """Take a backup of what a restore replaces; return the snapshot, or the reason for which there is none.

    A database that cannot be copied is a reason to restore, so this failure stops nothing and is not remembered.
    """
    begun: Run = {"started": now(), "before": "restore"}
    try:
        answer = _back_up(root, backup, restic, journal, "restore")
    except (AgentError, OSError) as problem:
        return "", told(problem).problem
    _end(root, _with_result(begun, answer))
    return answer["snapshot"], ""


def _with_result(begun: Run, answer: BackUpAnswer) -> Run:
    return {**begun, "snapshot": answer["snapshot"], "files": answer["files"], "bytes": answer["bytes"]}


def _in_words(failure: AgentError, before: Before | None) -> AgentError:
    if before is None:
        return failure
    problem = f"the backup before the change failed, so {REMAINS[before]}: {failure.problem}"
    without = f"; without one: {Line('destroy', '--data', '--no-backup')}" if before == "destroy" else ""
    return AgentError(problem, f"{failure.next_step}{without}")


def _back_up(
    root: Path, backup: Backup, restic: Restic, journal: Journal, before: Before | None = None
) -> BackUpAnswer:
    made = ensure_repository(root, restic)
    restic.ask("unlock")
    try:
        with journal.step("copies"):
            folder = take_copies(root, backup, journal)
        with journal.step("snapshot"):
            summary = _snapshot(restic, backup["stack"], folder, journal, before)
    finally:
        remove_secrets(root)
    answer: BackUpAnswer = {
        "changed": True,
        "snapshot": _proven(restic, folder, str(summary["snapshot_id"])),
        "repository": backup["repository"],
        "files": int(summary.get("total_files_processed", 0)),
        "bytes": int(summary.get("total_bytes_processed", 0)),
    }
    if made:
        answer |= {"made": True, "same_disk": on_same_disk(backup)}
    good: Run = {"snapshot": answer["snapshot"], "files": answer["files"], "bytes": answer["bytes"], "ended": now()}
    remember(root, good=good)
    return answer


def _keep_up(root: Path, backup: Backup, restic: Restic, journal: Journal) -> None:
    """Remove old snapshots and check the repository; a backup before a change leaves both to the next run."""
    with journal.step("retention"):
        _forget(restic, backup)
    with journal.step("check of the repository"):
        check_weekly(root, restic)


def _snapshot(
    restic: Restic, stack: str, folder: Path, journal: Journal, before: Before | None = None
) -> dict[str, Any]:
    """Return restic's summary. A warning is a failure: with one, the snapshot lacks something."""

    def hear(line: str) -> None:
        with suppress(ValueError):
            status = json.loads(line)
            if status.get("message_type") == "status":
                # Fields with default values are left out.
                journal.say("into the repository", status.get("bytes_done", 0), status.get("total_bytes", 0))

    tags = ["--tag", "kit", *(["--tag", f"{BEFORE}{before}"] if before else [])]
    said = restic.run("backup", "--host", stack, *tags, *PARTS, cwd=folder, hear=hear)
    summaries = [document for document in said.documents if document.get("message_type") == "summary"]
    if said.status != 0 or said.complaints or len(summaries) != 1 or not summaries[0].get("snapshot_id"):
        raise restic.failure("backup", said)
    return summaries[0]


def _proven(restic: Restic, folder: Path, snapshot: str) -> str:
    """Return the full id of a snapshot that the repository has with every part."""
    (listed,) = restic.ask("snapshots", snapshot).listed or [{}]
    if sorted(listed.get("paths", [])) != sorted(str(folder / part) for part in PARTS):
        raise AgentError(f"the repository lacks a part of the snapshot {snapshot}", "run the backup again")
    return str(listed["id"])


def _forget(restic: Restic, backup: Backup) -> Said:
    keep = [word for name, count in sorted(backup["keep"].items()) if count for word in (f"--keep-{name}", str(count))]
    return restic.ask("forget", "--host", backup["stack"], "--tag", "kit", *keep, "--prune")


def _end(root: Path, ended: Run) -> None:
    ended = {**ended, "ended": now()}
    remember(root, last=ended)
    note(root, ended)
