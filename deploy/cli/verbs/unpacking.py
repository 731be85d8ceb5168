"""`kit backup spec`: kit.yaml and kit.lock out of a repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploy.agent.line import Line
from deploy.agent.remembered import write_file
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.hosts import this_machine
from deploy.cli.verbs.restoring import meant
from deploy.errors import KitError, SpecError, UsageError
from deploy.fields.backup import SFTP
from deploy.lifecycle.backups import backed_up_spec
from deploy.stack import HERE

if TYPE_CHECKING:
    from deploy.agent.contract.restores import OtherRepository

MODE = 0o644
SHORT = 8


@verb(
    "spec",
    "backup spec --from /mnt/disk2/kit --key backup.key home/kit.yaml",
    "backup spec --from sftp:kit@nas.lan:/backups/home --key backup.key --snapshot 2026-11-28T02:00",
)
@click.option(
    "--from", "place", metavar="REPOSITORY", required=True, help="Folder of this machine, or sftp:USER@HOST:/FOLDER."
)
@click.option("--key", metavar="FILE", required=True, help="File with the key of the repository.")
@click.option(
    "--snapshot", metavar="ID|TIME", default="latest", callback=meant, help="Use this backup, not the newest one."
)
@spec_argument
def command(output: Output, place: str, key: str, snapshot: str, spec: Path) -> None:
    """Take kit.yaml and kit.lock out of a repository, if nothing else is left of a stack.

    Writes the named kit.yaml, without its comments, and kit.lock beside it; overwrites nothing. Files that kit.yaml
    names, such as models and templates, are in no backup.
    """
    from deploy.apply.prepared.references import key_in
    from deploy.decide.desired import LOCK, lock_path

    repository = place if place.startswith(SFTP) else str(Path(place).absolute())
    lock = lock_path(spec)
    for path in (spec, lock):
        if path.exists():
            raise UsageError(
                f"{path} is there already, and nothing is overwritten", "name a kit.yaml in another folder"
            )
    other: OtherRepository = {"repository": repository, "key": key_in(Path(key))}
    answer = backed_up_spec(this_machine()[HERE], other, snapshot)
    _write({spec: answer["files"]["kit.yaml"], lock: answer["files"][LOCK]})
    short, missing = answer["snapshot"][:SHORT], _missing(spec)
    restoring = Line("backup", "restore", short, "--from", repository, "--key", key, spec=spec)
    lines = [
        f"{spec} and {LOCK} of {answer['stack']} are from the backup {short} of {answer['taken']}",
        *(f"note: {problem}" for problem in missing),
        f"The stack on this machine, with its data: {restoring}",
        "For another machine, write its address under `hosts` first.",
    ]
    output.answer("\n".join(lines), {**answer, "files": [str(spec), str(lock)]})


def _write(files: Mapping[Path, str]) -> None:
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, text.encode(), MODE)
        except OSError as error:
            raise KitError(f"{path} cannot be written: {error.strerror}", "name a kit.yaml in another folder") from None


def _missing(spec: Path) -> list[str]:
    """Return the problems of kit.yaml on this machine: it may name files that no backup holds."""
    from deploy.decide.desired import load_desired

    try:
        load_desired(spec)
    except SpecError as error:
        return [str(problem) for problem in error.problems]
    return []
