"""Backups as text for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.contract.backup_runs import DAY, is_ahead, unsaved_words
from deploy.agent.kit_folders import BACKUP_KEY, BACKUPS
from deploy.agent.line import Line
from deploy.cli.terminal.board import duration
from deploy.cli.terminal.columns import bad, columns
from deploy.decide.desired import Share
from deploy.hosts.observation.backups import SeenBackups, age
from deploy.hosts.observation.observe import Observation
from deploy.plan.operation import Operation

if TYPE_CHECKING:
    from deploy.agent.contract.backup_runs import Run, SeenDrill
    from deploy.agent.contract.backups import BackUpAnswer, BackupsAnswer, DrillAnswer, Statement
    from deploy.agent.contract.restores import RestoreAnswer

SHORT = 8
"""Characters of a snapshot's id that restic shows."""
MOST_NAMED = 8
_BEFORE = {"image": "another image", "restore": "a restore", "destroy": "a destroy"}
NO_BACKUPS = "There are no backups yet."
BESIDE_DATA = (
    "That folder is beside the data: a broken disk takes both, unless another one is mounted there. "
    "`repository` under `backup` names another place."
)


def planned(share: Share, on: str, *, is_new: bool) -> list[str]:
    """Return what the end of an apply says of a host's backups; of new ones also what their place and key mean."""
    backup = share.deployment.backup
    if backup is None:
        return []
    first = f"The first one now: {Line('backup', 'now', spec=share.path)}"
    lines = [f"A backup goes to {backup.repository}{on} every day. {first}"]
    if is_new and Path(backup.repository).is_relative_to(BACKUPS):
        lines.append(f"  {BESIDE_DATA}")
    if is_new and not backup.key_reference:
        host = ("--host", share.host) if len(share.desired.deployments) > 1 else ()
        lines.append(f"  Key: {Line('secret', 'show', BACKUP_KEY, *host, spec=share.path)} (keep a copy elsewhere)")
    return lines


def is_begun(operations: Iterable[Operation]) -> bool:
    """Return True if a plan makes the key of a host's backups."""
    return any(each.resource == f"secret {BACKUP_KEY}" and each.action == "create" for each in operations)


def standing(share: Share, observation: Observation) -> list[str]:
    """Return how a host's backups stand, what is wrong first."""
    if share.deployment.backup is None:
        return [NO_BACKUPS] if share.deployment.services else []
    seen, now = observation.backups, datetime.now(UTC)
    lines = [f"{bad('backup')}  {trouble}" for trouble in seen.troubles(now)]
    if seen.good is None:
        return [*lines, f"no backup yet; the first one now: {Line('backup', 'now', spec=share.path)}"]
    newest = f"newest backup: {_ago(seen.good['ended'], now)}, in {seen.repository}"
    words = f"{newest}{_daily_words(seen, now)}{_drill_words(seen.drill, now)}"
    return [*lines, words, *unlocked_words(seen.good)]


def _daily_words(seen: SeenBackups, now: datetime) -> str:
    """Return when the last daily run was good, as a part of a line; nothing where the newest backup is its own."""
    is_newest = seen.last is not None and seen.last.get("passed") == seen.daily
    return "" if is_newest or not seen.daily else f"; the last daily one {_ago(seen.daily, now)}"


def _drill_words(drill: SeenDrill | None, now: datetime) -> str:
    """Return when the last drill passed, as the end of a line."""
    return f"; the last drill passed {_ago(drill['passed'], now)}" if drill and "passed" in drill else ""


def _ago(moment: str, now: datetime) -> str:
    if is_ahead(moment, now.timestamp()):
        return f"at {moment}, which is still to come (a clock is wrong, or was)"
    old = max(0, age(moment, now))
    return f"{duration(old) if old < DAY else f'{old // DAY} day' + ('s' if old >= 2 * DAY else '')} ago"


def backup_document(share: Share, observation: Observation) -> dict[str, Any] | None:
    """Return how a host's backups stand as JSON values; None without any."""
    if share.deployment.backup is None:
        return None
    seen = observation.backups
    return {**asdict(seen), "trouble": "; ".join(seen.troubles(datetime.now(UTC)))}


def before_words(change: str) -> str:
    """Return words for the change that a backup was taken before; a tag of others is told as it is."""
    return _BEFORE.get(change, change)


def mib(number: int) -> str:
    """Return a number of bytes in MiB."""
    return f"{number / 2**20:.1f} MiB"


def key_words(repository: str, spec: Path, key: str) -> list[str]:
    """Return what a person has to know of a new repository's key; its value where it is given."""
    return [
        f"{repository} is new, and encrypted with a key that only this host has.",
        "Without the key nobody can read a backup, you included: keep a copy of it elsewhere, now.",
        *([f"  {key}"] if key else []),
        f"  Key: {Line('secret', 'show', BACKUP_KEY, spec=spec)}",
    ]


def same_disk_words(repository: str, services: list[str]) -> str:
    """Return the warning about a backup on the disk of its data."""
    return (
        f"note: {repository} is on the same disk as the data of {', '.join(services)}: a broken disk takes both; "
        "`repository` under `backup` in kit.yaml names another place"
    )


def backed_up_words(answers: Iterable[BackUpAnswer]) -> str:
    """Return where the data is that a destroy removed, in a line for each host."""
    told = ((each["snapshot"][:SHORT], each["repository"]) for each in answers)
    return "".join(f"\nIts data is in the backup {snapshot} in {repository}." for snapshot, repository in told)


def restored_words(answer: RestoreAnswer, to: str | None = None) -> str:
    """Return what a restore did, and where the former data is."""
    backup = f"the backup {answer['snapshot'][:SHORT]} of {answer['taken']}"
    if to is not None:
        return f"{backup} is in {to}"
    notes = [f"note: {note}" for note in answer.get("notes", [])]
    if not answer["parts"]:
        return "\n".join([f"everything is as in {backup}", *notes])
    lines = [f"restored {' and '.join(answer['parts'])} from {backup}"]
    lines += [f"what was there before: {path}" for path in answer["aside"].values() if path]
    if saved := answer.get("saved"):
        lines.append(f"all of it as it was before is also the backup {saved[:SHORT]}")
    if unsaved := answer.get("unsaved"):
        lines.append(f"no backup was taken of what was there before: {unsaved}")
    return "\n".join([*lines, *notes])


def taken_words(spec: Path, answer: BackUpAnswer, key: str) -> str:
    """Return where a new backup is; of a new repository also what its place and key mean."""
    counted = f"{answer['files']} files, {mib(answer['bytes'])}"
    lines = [f"backup {answer['snapshot'][:SHORT]} is in {answer['repository']} ({counted})"]
    if answer.get("made"):
        lines += ["", *key_words(answer["repository"], spec, key)]
    if services := answer.get("same_disk"):
        lines.append(same_disk_words(answer["repository"], services))
    return "\n".join([*lines, *models_words(answer)])


def models_words(said: BackUpAnswer | Statement) -> list[str]:
    """Return what is to be told of a backup's models: those that it lacks, and those that it only names."""
    unsaved = said.get("unsaved")
    return [*([f"{bad('warning')}: {unsaved_words(unsaved)}"] if unsaved else []), *unlocked_words(said)]


def unlocked_words(said: BackUpAnswer | Statement | Run) -> list[str]:
    """Return a note of the models that a backup only names, and that kit.lock does not bring back."""
    unsaved = said.get("unsaved", {})
    names = [
        f"{model} of {engine}"
        for engine, models in sorted(said.get("unlocked", {}).items())
        for model in models
        if model not in unsaved.get(engine, {})
    ]
    if not names:
        return []
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    told = f"the backup only names these models, and kit.lock has none of them: {', '.join(names[:MOST_NAMED])}{more}"
    step = f"`{Line('models', 'pull', 'NAME')}` brings back those of a library"
    return [f"note: {told}; {step}; `weights` under `backup` saves more: `own` what was made here, `all` every model"]


def shown(answer: BackupsAnswer) -> str:
    """Return one backup with its parts."""
    (snapshot,), said = answer["snapshots"], answer["statement"]
    rows = [(part["path"], str(part["files"]), mib(part["bytes"])) for part in answer["parts"]]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(said["versions"].items()))
    return "\n".join(
        [
            f"backup {snapshot['id'][:SHORT]} of {snapshot['time']}, in {answer['repository']}",
            f"stack {said['stack']} on {said['host']}, release {said['release'][:12]}, kit {said['kit']}",
            *([f"data of {versions}"] if versions else []),
            "",
            columns(rows, ("PART", "FILES", "SIZE")),
            *models_words(said),
        ]
    )


def drilled(answer: DrillAnswer) -> str:
    """Return the findings of a drill."""
    rows = [
        (part["part"], str(part["files"]), str(sum(part["rows"].values()) or ""), "; ".join(part["findings"]))
        for part in answer["parts"]
    ]
    backup = f"the backup {answer['snapshot'][:SHORT]} of {answer['taken']}"
    passed = f"{backup} works: restored and proven in {duration(answer['seconds'])}"
    return f"{columns(rows, ('PART', 'FILES', 'ROWS', 'FINDINGS'))}\n\n{passed}"
