"""Parts of a backup that are a person's own folders: they are restored while their service goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.backups.fetched import Fetched, shared_of
from deploy.agent.backups.restic import Restic
from deploy.agent.backups.space import sizes_in
from deploy.agent.data.persons import put_back, put_in
from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import Need
from deploy.agent.journal import Journal
from deploy.agent.line import Line

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup
    from deploy.agent.contract.restores import RestoreAnswer


def is_shared(backup: Backup, part: str) -> bool:
    """Return True for a part that is a person's own folders."""
    return any(each["service"] == part for each in shared_of(backup))


def shared_needs(restic: Restic, backup: Backup, snapshot: str, parts: list[str]) -> list[Need]:
    """Return the space of a person's folders: their files are written beside what is there, behind the fetch."""
    own = [each for each in shared_of(backup) if each["service"] in parts]
    sizes = sizes_in(restic, snapshot, [f"data/{each['service']}" for each in own]) if own else {}
    return [Need(Path(each["host_path"]), sizes[f"data/{each['service']}"], each["service"]) for each in own]


def restore_shared(backup: Backup, parts: list[Fetched], answer: RestoreAnswer, journal: Journal) -> None:
    """Put these parts in behind those of the services, and add them to the answer."""
    by_name = {each["service"]: each for each in shared_of(backup)}
    for part in parts:
        name = part.place.part
        with journal.step(f"restore {name}"):
            try:
                aside = put_in(by_name[name], part.manifest["files"], part.data)
            except AgentError as failure:
                again = Line("backup", "restore", answer["snapshot"], "--only", name)
                failure.next_step = f"{failure.next_step}\nall else is restored; this part alone: `{again}`"
                raise
        answer["changed"] = True
        answer["parts"].append(name)
        answer["aside"][name] = str(aside)


def return_shared(backup: Backup, back: dict[str, str], answer: RestoreAnswer, journal: Journal) -> None:
    """Return these parts to what was there before a restore."""
    for each in shared_of(backup):
        if aside := back.get(each["service"]):
            with journal.step(f"return to the former {each['service']}"):
                answer["aside"][each["service"]] = str(put_back(each, Path(aside)))
            answer["changed"] = True
            answer["parts"].append(each["service"])
