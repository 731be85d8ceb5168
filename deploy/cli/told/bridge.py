"""The bridge as text for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.cli.terminal.columns import bad, columns
from deploy.cli.told.backups import mib

if TYPE_CHECKING:
    from deploy.agent.contract.bridge import AddAnswer, BridgeAnswer, BridgedDatabase, BridgedFolder, Watched


def looked(answer: BridgeAnswer) -> str:
    """Return the folders and databases of a service."""
    rows = [_folder(folder) for folder in answer["folders"]]
    table = columns(rows, ("ON THE HOST", "IN THE CONTAINER", "OWNER", "MODE", "FILES", "SIZE"))
    state = "runs" if answer["is_running"] else "does not run"
    return "\n".join(
        [table, "", *(_database(each, answer) for each in answer["databases"]), f"{answer['service']} {state}"]
    )


def _folder(folder: BridgedFolder) -> tuple[str, ...]:
    inside = f"{folder['container_path']}{' (read only)' if folder['read_only'] else ''}"
    if not folder["exists"]:
        return folder["host_path"], inside, bad("missing"), "", "", ""
    owner = f"{folder['uid']}:{folder['gid']}"
    return folder["host_path"], inside, owner, folder["mode"], str(folder["files"]), mib(folder["bytes"])


def _database(database: BridgedDatabase, answer: BridgeAnswer) -> str:
    if not database["exists"]:
        return f"{database['path']} is not there"
    log = f"; {mib(database['log_bytes'])} are in its -wal file alone" if database["log_bytes"] else ""
    if not database["opened_by"]:
        return f"{database['path']} {_closed(database, answer)}"
    who = ", ".join(
        f"{opener['program']} (pid {opener['pid']}{' of ' + opener['service'] if opener['service'] else ''})"
        for opener in database["opened_by"]
    )
    return f"{database['path']} is open in {who} ({mib(database['bytes'])}{log})"


def _closed(database: BridgedDatabase, answer: BridgeAnswer) -> str:
    """Describe a database that nobody has open, with what makes a whole copy of it."""
    name, sizes = Path(database["path"]).name, mib(database["bytes"])
    if answer["is_running"]:
        # A service opens and closes it as it likes.
        return f"is closed at this moment ({sizes})"
    if database["log_bytes"]:
        # A service that ends without closing it leaves its last rows in the log.
        log = mib(database["log_bytes"])
        return f"is closed ({sizes}; {log} are in its -wal file): a copy of {name} and {name}-wal together is whole"
    return f"is closed ({sizes}): a copy of the file is whole"


def watched(change: Watched) -> str:
    """Return one change."""
    size = f"  {mib(change['bytes'])}" if change["change"] != "removed" else ""
    return f"{change['time']}  {change['change']:<7}  {change['path']}{size}"


def added(answer: AddAnswer, to: str) -> str:
    """Return what became of the files, the refused ones last."""
    lines = [f"{to}: {len(answer['added'])} added, {len(answer['present'])} there before"]
    return "\n".join([*lines, *(f"{bad('refused')}  {each['name']}: {each['problem']}" for each in answer["refused"])])
