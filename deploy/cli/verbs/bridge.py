"""`kit bridge`: status, watch, edit-db, add."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploy.agent.line import Line
from deploy.cli.terminal.output import Output
from deploy.cli.told.bridge import added, looked, watched
from deploy.cli.verbs.declare import Target, files_argument, list_group, spec_argument, verb
from deploy.cli.verbs.hosts import host_option, hosts_of, progress_by_host
from deploy.cli.verbs.rights import ensure_root
from deploy.errors import FAILED, KitError, UsageError
from deploy.hosts.parallel import errors_of
from deploy.lifecycle.bridge import UNCHANGED, add, bridged, edit, look, watch

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import JournalLine
    from deploy.hosts.reach import Hosts
    from deploy.lifecycle.bridge import Bridged

SHELL = "sqlite3"


@list_group("bridge", "bridge", "bridge edit-db", "bridge add --to Manuals *.pdf", by_itself="status")
def command() -> None:
    """Show, watch and edit the web UI's files, and add documents.

    `kit bridge [KIT_YAML]` shows the status.
    """


@verb("status", "bridge status", "bridge status --json inventories/workstation/kit.yaml")
@host_option
@spec_argument
def status(output: Output, spec: Path) -> None:
    """Show the shared folders, their owners and sizes, and who has the database open."""
    bridge, hosts = _reached(spec, "bridge status")
    answers = hosts.each(lambda _host, transport: look(bridge, transport))
    (answer,) = answers.values()
    output.answer(looked(answer), {"stack": bridge.stack, "hosts": dict(answers)})


@verb("watch", "bridge watch", "bridge watch inventories/workstation/kit.yaml")
@host_option
@spec_argument
def watch_changes(output: Output, spec: Path) -> None:
    """Print each change in the shared folders, within two seconds, until Ctrl-C."""
    if output.as_json:
        raise UsageError("a watch has no end, and --json is one document", "leave --json out")
    bridge, hosts = _reached(spec, "bridge watch")
    for host, transport in hosts.items():
        with errors_of(host):
            for change in watch(bridge, transport):
                print(watched(change), flush=True)


@verb(
    "edit-db",
    "bridge edit-db",
    "bridge edit-db --with 'sqlitebrowser' inventories/workstation/kit.yaml",
)
@click.option("--with", "editor", metavar="COMMAND", default=SHELL, help="Program that edits the file behind it.")
@host_option
@spec_argument
def edit_database(output: Output, spec: Path, editor: str) -> None:
    """Edit a copy of the web UI's database while the web UI is stopped.

    The edited copy is checked and takes the place of the database, whose former state is kept beside it. On Ctrl-C, if
    the program fails, or if the copy is broken, nothing is changed; except on Ctrl-C, your edits stay in a file that is
    named. The web UI runs again in any case.
    """
    words = _words(editor)
    if not words or shutil.which(words[0]) is None:
        step = f"apt install {SHELL}, or name another program: --with COMMAND" if editor == SHELL else "install it"
        raise UsageError(f"there is no program {editor!r}", step)
    bridge, hosts = _reached(spec, "bridge edit-db")

    def run(path: Path) -> None:
        output.note(f"editing {path} with {editor}; its end puts the copy in place")
        ended = subprocess.run([*words, str(path)], check=False, stdout=sys.stderr if output.as_json else None)
        if not _is_done(words[0], ended.returncode):
            raise KitError(f"{editor} ended with status {ended.returncode}", UNCHANGED)

    def heard(line: JournalLine) -> None:
        if line["state"] == "start":
            output.note(line["step"])

    answers = hosts.each(lambda _host, transport: edit(bridge, transport, heard, run))
    (answer,) = answers.values()
    told = f"{answer['database']} is as you edited it\nwhat was there before: {answer['aside']}"
    text = told if answer["changed"] else f"the copy was not changed, and {answer['database']} is as it was"
    output.answer(text, {"stack": bridge.stack, "hosts": dict(answers)})


@verb("add", "bridge add --to Manuals *.pdf", "bridge add --to Manuals notes.md inventories/workstation/kit.yaml")
@click.option("--to", metavar="NAME", required=True, help="Knowledge base of the web UI; made if there is none.")
@host_option
@files_argument
def add_files(output: Output, target: Target, to: str) -> int:
    """Add files to a knowledge base of the web UI.

    A file that the knowledge base has already is skipped, so a run that was interrupted can be run again. The last
    word is kit.yaml's path if it ends in .yaml. Exit 1 if a file was refused; the others are added.
    """
    if not to.strip():
        raise UsageError("--to: the name is blank", "name the knowledge base as the page shows it")
    files = tuple(map(Path, target.names))
    _ensure_files(files)
    bridge, hosts = _reached(target.spec, "bridge add")
    with progress_by_host() as display:
        answers = hosts.each(lambda host, transport: add(bridge, transport, display(host), to, files))
    (answer,) = answers.values()
    output.answer(added(answer, to), {"stack": bridge.stack, "hosts": dict(answers)})
    return FAILED if answer["refused"] else 0


def _words(editor: str) -> list[str]:
    try:
        return shlex.split(editor)
    except ValueError as error:
        raise UsageError(f"--with {editor}: {error}", "close each quote, as in a shell") from None


def _is_done(program: str, status: int) -> bool:
    """True if a program's end puts the copy in place.

    sqlite3 ends with 1 behind any statement that failed; a person at its prompt saw the failure and went on.
    """
    return status == 0 or (status == 1 and Path(program).name == SHELL and sys.stdin.isatty())


def _ensure_files(files: tuple[Path, ...]) -> None:
    if not files:
        raise UsageError("there is no file to add", f"type: {Line('bridge', 'add', '--to', 'NAME', 'FILE')}")
    missing = [f"{path} {what}" for path in files if (what := _fault(path))]
    if missing:
        raise UsageError("\n".join(missing), "name files, as with FOLDER/*")


def _fault(path: Path) -> str:
    """Return what keeps a path from being a file to add; nothing for a file."""
    if path.is_file():
        return "" if os.access(path, os.R_OK) else "cannot be read by you"
    if path.is_dir():
        return "is a folder"
    if not os.path.lexists(path):
        return "is not there"
    return "is a link to nothing" if path.is_symlink() else "is no file, but a device or a pipe"


def _reached(spec: Path, words: str) -> tuple[Bridged, Hosts]:
    bridge, hosts = bridged(spec), hosts_of(spec)
    host = bridge.service.host
    if host not in hosts:
        raise UsageError(f"{bridge.service.name} is on {host}", f"write `--host {host}`, or leave --host out")
    hosts = hosts.only([host])
    ensure_root(hosts, words)
    return bridge, hosts


for verb_ in (status, watch_changes, edit_database, add_files):
    command.add_command(verb_)
