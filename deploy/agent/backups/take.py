"""Operation `back_up`: copies what a release declares, and gives it to restic."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.backups.beside import beside
from deploy.agent.backups.check import check_weekly
from deploy.agent.backups.copies import PARTS, STATEMENT, remove_secrets, take_copies
from deploy.agent.backups.damage import kept_in, remember_kept
from deploy.agent.backups.files import has_locks, snapshots_on_disk
from deploy.agent.backups.left import clear_drill, clear_restores
from deploy.agent.backups.listing import Listing
from deploy.agent.backups.machine import ensure_own, machine_tags
from deploy.agent.backups.proof import number_of_files, proven
from deploy.agent.backups.repository import ensure_repository, on_same_disk
from deploy.agent.backups.restic import Restic
from deploy.agent.backups.retention import forget
from deploy.agent.backups.room import saved_weights
from deploy.agent.backups.snapshots import BEFORE
from deploy.agent.backups.watched import content_of, is_due, stamps_of
from deploy.agent.backups.work import released_backup, restic_of
from deploy.agent.errors import AgentError, FullDiskError, told
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.remembered import read_json
from deploy.agent.stack.backup_memory import backing_up, note, now, read, remember, remember_run, runs_of

if TYPE_CHECKING:
    from deploy.agent.contract.backup_runs import Before, Run, Trigger
    from deploy.agent.contract.backups import Backup, BackUpAnswer, BackUpRequest

REMAINS = {"image": "no container was changed", "destroy": "nothing was removed", "restore": "nothing was restored"}
"""Consequence of a failed backup for the change that it was taken before."""


def run(request: BackUpRequest, journal: Journal) -> BackUpAnswer:
    """Take one backup now, while everything runs; a run that fails is remembered as such."""
    root, before, interval = Path(request["root"]), request.get("before"), request.get("watch_seconds")
    backup = released_backup(root)
    with backing_up(root) as lock:
        restic, known = restic_of(root, backup, lock), read(root)
        if interval and not is_due(root, stamps_of(root, backup), interval):
            return _nothing_new(backup)
        clear_drill(root, backup["stack"])
        clear_restores(root)
        begun = _begun(_trigger(request), before)
        # A killed run leaves its copies of secrets, whatever becomes of this one.
        remove_secrets(root)
        remember_run(root, begun)
        on_disk, listing = snapshots_on_disk(restic.repository), Listing(restic, backup["stack"])
        try:
            takes_over = request.get("takes_over", False)
            answer = _back_up(
                root, backup, restic, journal, before, listing, is_watch=bool(interval), takes_over=takes_over
            )
            if not answer["changed"]:
                remember(root, last=known.get("last"), runs=runs_of(known))
                return answer
            if before is None:
                _keep_up(root, backup, restic, journal, listing, on_disk, is_watch=bool(interval))
        except (AgentError, OSError) as problem:
            failure = told(problem, None if before else Line("backup", "now"))
            if isinstance(failure, FullDiskError) and backup.get("weights"):
                failure.next_step += "; `weights: none` under `backup` leaves models out"
            # The disk may be full, and the reason of the failure is more than its record.
            with suppress(OSError):
                _end(root, {**begun, "problem": failure.problem, "next": failure.next_step})
            raise _in_words(failure, before) from problem
        _end(root, _with_result(begun, answer))
    return answer


def _trigger(request: BackUpRequest) -> Trigger:
    if request.get("watch_seconds"):
        return "watch"
    return request.get("before") or ("now" if request.get("by_hand") else "daily")


def _begun(trigger: Trigger, before: Before | None) -> Run:
    return {"started": now(), "trigger": trigger, **({"before": before} if before else {})}


def _nothing_new(backup: Backup) -> BackUpAnswer:
    return {"changed": False, "snapshot": "", "repository": backup["repository"], "files": 0, "bytes": 0}


def back_up_before_restore(root: Path, backup: Backup, restic: Restic, journal: Journal) -> tuple[str, str]:
    """Take a backup of what a restore replaces; return the snapshot, or the reason for which there is none.

    A database that cannot be copied is a reason to restore, so this failure stops nothing and is not remembered.
    """
    begun = _begun("restore", "restore")
    try:
        answer = _back_up(root, backup, restic, journal, "restore", Listing(restic, backup["stack"]))
    except (AgentError, OSError) as problem:
        return "", told(problem).problem
    _end(root, _with_result(begun, answer))
    return answer["snapshot"], ""


def _with_result(begun: Run, answer: BackUpAnswer) -> Run:
    run: Run = {**begun, "snapshot": answer["snapshot"], "files": answer["files"], "bytes": answer["bytes"]}
    if "unlocked" in answer:
        run["unlocked"] = answer["unlocked"]
    if "unsaved" in answer:
        run["unsaved"] = answer["unsaved"]
    return run


def _in_words(failure: AgentError, before: Before | None) -> AgentError:
    if before is None:
        return failure
    problem = f"the backup before the change failed, so {REMAINS[before]}: {failure.problem}"
    without = f"; without one: {Line('destroy', '--data', '--no-backup')}" if before == "destroy" else ""
    return AgentError(problem, f"{failure.next_step}{without}")


def _back_up(
    root: Path,
    backup: Backup,
    restic: Restic,
    journal: Journal,
    before: Before | None,
    listing: Listing,
    *,
    is_watch: bool = False,
    takes_over: bool = False,
) -> BackUpAnswer:
    restic.ensure_writable()
    opened = _opened(root, backup, before, listing, is_watch=is_watch, takes_over=takes_over)
    # Ahead of the copies: what changes meanwhile is a change for the next look.
    stamps = stamps_of(root, backup)
    try:
        with beside(restic, opened) as opening, journal.step("copies"):
            folder = take_copies(root, backup, journal, opening.ensure_good)
            content = content_of(root, backup, folder)
        if is_watch and content == read(root).get("content"):
            remember(root, stamps=stamps)
            return _nothing_new(backup)
        with journal.step("snapshot"):
            given = number_of_files(folder)
            tags = _tags(root, before)
            summary = _snapshot(restic, backup["stack"], folder, journal, tags)
    finally:
        remove_secrets(root)
    snapshot, said = proven(restic, folder, summary, given), read_json(folder / STATEMENT) or {}
    answer = _answer(backup, said, summary, snapshot)
    listing.add(answer["snapshot"], tags)
    if opening.result():
        answer |= {"made": True, "same_disk": on_same_disk(backup)}
    weights = saved_weights(backup["repository"], folder, said.get("weights", {}))
    _remember_good(root, answer, before, content=content, stamps=stamps, weights=weights)
    return answer


def _opened(
    root: Path, backup: Backup, before: Before | None, listing: Listing, *, is_watch: bool, takes_over: bool
) -> Callable[[Restic], bool]:
    """Return the work that finds or makes the repository, and tells whether it was made."""

    def work(restic: Restic) -> bool:
        made = ensure_repository(root, restic)
        if not made and not takes_over and before != "restore":
            ensure_own(root, restic, listing)
        if has_locks(backup["repository"]):
            restic.ask("unlock")
        if before is None and not is_watch:
            # For the retention, which tells of a failure behind the snapshot. A watch may find nothing new.
            with suppress(AgentError):
                listing.ask(restic)
        return made

    return work


def _answer(backup: Backup, said: dict[str, Any], summary: dict[str, Any], snapshot: str) -> BackUpAnswer:
    """Return the answer about a snapshot, with what the statement of its copies says."""
    answer: BackUpAnswer = {
        "changed": True,
        "snapshot": snapshot,
        "repository": backup["repository"],
        "files": int(summary.get("total_files_processed", 0)),
        "bytes": int(summary.get("total_bytes_processed", 0)),
    }
    if unlocked := said.get("unlocked"):
        answer["unlocked"] = unlocked
    if unsaved := said.get("unsaved"):
        answer["unsaved"] = unsaved
    return answer


def _remember_good(root: Path, answer: BackUpAnswer, before: Before | None, **looked: object) -> None:
    repository = answer["repository"]
    if before != "restore":
        # Another machine may own the repository of a restore, and removes what it likes.
        remember_kept(root, repository, kept_in(root, repository) | {answer["snapshot"]})
    remember(root, good=_with_result({"ended": now()}, answer), **looked)


def _keep_up(
    root: Path,
    backup: Backup,
    restic: Restic,
    journal: Journal,
    listing: Listing,
    on_disk: set[str] | None,
    *,
    is_watch: bool,
) -> None:
    """Remove old snapshots and check the repository; a backup before a change leaves both to the next run.

    A watch leaves the slow work to the daily run: the check, and the removal of data that no snapshot has any more.
    """
    with journal.step("retention"):
        forget(root, restic, backup, listing, prune=not is_watch, before=on_disk)
    if not is_watch:
        with journal.step("check of the repository"):
            check_weekly(root, restic)


def _tags(root: Path, before: Before | None) -> list[str]:
    return ["kit", *machine_tags(root), *([f"{BEFORE}{before}"] if before else [])]


def _snapshot(restic: Restic, stack: str, folder: Path, journal: Journal, tags: list[str]) -> dict[str, Any]:
    """Return restic's summary. A warning is a failure: with one, the snapshot lacks something."""

    def hear(line: str) -> None:
        with suppress(ValueError):
            status = json.loads(line)
            if status.get("message_type") == "status":
                # Fields with default values are left out.
                journal.say("into the repository", status.get("bytes_done", 0), status.get("total_bytes", 0))

    tagged = [word for tag in tags for word in ("--tag", tag)]
    said = restic.run("backup", "--host", stack, *tagged, *PARTS, cwd=folder, hear=hear)
    summaries = [document for document in said.documents if document.get("message_type") == "summary"]
    if said.status != 0 or said.complaints or len(summaries) != 1 or not summaries[0].get("snapshot_id"):
        raise restic.failure("backup", said)
    return summaries[0]


def _end(root: Path, ended: Run) -> None:
    ended = {**ended, "ended": now()}
    remember_run(root, ended)
    note(root, ended)
