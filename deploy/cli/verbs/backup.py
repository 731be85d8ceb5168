"""`kit backup`: now, list, show, diff, restore, verify, drill, spec."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.line import Line
from deploy.cli.terminal.columns import bad, columns
from deploy.cli.terminal.output import Output
from deploy.cli.told.backup_diff import differences
from deploy.cli.told.backups import SHORT, before_words, drilled, shown, taken_words
from deploy.cli.verbs.declare import list_group, spec_argument, verb
from deploy.cli.verbs.hosts import host_option, hosts_of, progress_by_host, settled, told_by_host
from deploy.cli.verbs.restoring import command as restore
from deploy.cli.verbs.restoring import meant, snapshot_argument
from deploy.cli.verbs.rights import ensure_root
from deploy.cli.verbs.unpacking import command as spec_of
from deploy.deployment.secrets import Secret
from deploy.errors import FAILED
from deploy.hosts.secret_values import secret_value
from deploy.hosts.wire.transport import Transport
from deploy.lifecycle.backups import back_up, backups, check_backups, difference, drill
from deploy.spec.loading.loader import load_spec
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.backups import BackUpAnswer, BackupsAnswer, CheckAnswer


@list_group("backup", "backup", "backup now", "backup restore latest")
def command() -> None:
    """Take, list, show, compare, restore, verify and drill backups."""


@verb("now", "backup now", "backup now --host box inventories/workstation/kit.yaml")
@click.option(
    "--take-over", is_flag=True, help="Go on with a repository that another machine backed up into before this one."
)
@host_option
@spec_argument
def now(output: Output, spec: Path, take_over: bool) -> int:
    """Take a backup of each host now, while everything runs."""
    stack, hosts = load_spec(spec).stack, hosts_of(spec)
    ensure_root(hosts, "backup now")
    with progress_by_host() as display:
        asked = settled(hosts, lambda host, transport: back_up(stack, transport, display(host), takes_over=take_over))
    return told_by_host(
        output,
        stack,
        hosts,
        asked,
        lambda host, answer: taken_words(spec, answer, _new_key(stack, hosts[host], answer)),
    )


def _new_key(stack: str, transport: Transport, answer: BackUpAnswer) -> str:
    """Return the key of a repository that this run made, for a terminal alone: a log shall not hold it."""
    is_shown = bool(answer.get("made")) and sys.stdout.isatty()
    return secret_value(Stack(stack), transport, Secret(BACKUP_KEY, BACKUP_OWNER)) if is_shown else ""


@verb("list", "backup list", "backup list --json inventories/workstation/kit.yaml")
@host_option
@spec_argument
def list_backups(output: Output, spec: Path) -> int:
    """List the backups of each host, the newest first."""
    stack, hosts = load_spec(spec).stack, hosts_of(spec)
    ensure_root(hosts, "backup list")
    asked = settled(hosts, lambda _host, transport: backups(stack, transport))
    return told_by_host(output, stack, hosts, asked, lambda _host, answer: _table(spec, answer))


def _table(spec: Path, answer: BackupsAnswer) -> str:
    newest_first = reversed(answer["snapshots"])
    rows = [(each["id"][:SHORT], each["time"], each["machine"], before_words(each["before"])) for each in newest_first]
    broken = "".join(f"\n{bad('broken')}  {problem}" for problem in answer.get("problems", []))
    if not rows:
        return f"no backup yet in {answer['repository']}: {Line('backup', 'now', spec=spec)}{broken}"
    return f"{columns(rows, ('ID', 'TAKEN', 'ON', 'BEFORE'))}\n\nin {answer['repository']}{broken}"


@verb("show", "backup show latest", "backup show 2026-11-28T02:00 inventories/workstation/kit.yaml")
@snapshot_argument
@host_option
@spec_argument
def show(output: Output, spec: Path, snapshot: str) -> int:
    """Show what one backup holds: its time, the release, and its parts with their sizes."""
    stack, hosts = load_spec(spec).stack, hosts_of(spec)
    ensure_root(hosts, "backup show")
    asked = settled(hosts, lambda _host, transport: backups(stack, transport, snapshot))
    return told_by_host(output, stack, hosts, asked, lambda _host, answer: shown(answer))


@verb("diff", "backup diff 2026-11-27T02:00 latest", "backup diff 2026-11-27T02:00 latest --json home/kit.yaml")
@click.argument("first", metavar="A", required=False, callback=meant)
@click.argument("second", metavar="B", required=False, callback=meant)
@host_option
@spec_argument
def diff(output: Output, spec: Path, first: str, second: str) -> int:
    """Show what was added, changed and removed from one backup to another, by kind."""
    stack, hosts = load_spec(spec).stack, hosts_of(spec)
    ensure_root(hosts, "backup diff")
    asked = settled(hosts, lambda _host, transport: difference(stack, transport, first, second))
    return told_by_host(output, stack, hosts, asked, lambda _host, answer: differences(answer))


@verb("verify", "backup verify", "backup verify --json inventories/workstation/kit.yaml")
@host_option
@spec_argument
def verify(output: Output, spec: Path) -> int:
    """Read every backup of each host, and name what is broken. Exit 1 if anything is."""
    stack, hosts = load_spec(spec).stack, hosts_of(spec)
    ensure_root(hosts, "backup verify")
    with progress_by_host() as display:
        asked = settled(hosts, lambda host, transport: check_backups(stack, transport, display(host)))
    status = told_by_host(output, stack, hosts, asked, lambda _host, answer: _checked(answer))
    return FAILED if any(answer["problems"] for answer in asked[0].values()) else status


def _checked(answer: CheckAnswer) -> str:
    broken = [f"{bad('broken')}  {problem}" for problem in answer["problems"]]
    return "\n".join(broken) if broken else f"{answer['repository']} is whole: every byte was read"


@verb("drill", "backup drill", "backup drill --snapshot 2026-11-28T02:00 inventories/workstation/kit.yaml")
@click.option(
    "--snapshot", metavar="ID|TIME", default="latest", callback=meant, help="Drill this backup, not the newest one."
)
@host_option
@spec_argument
def drill_backup(output: Output, spec: Path, snapshot: str) -> int:
    """Restore a backup of each host into a scratch project, and prove that it works.

    The running stack is not touched. Checks each file and database, starts the applications on the restored data,
    signs in, looks for a chat and for a document by search, and removes the scratch project. Exit 1 if anything fails.
    """
    stack, hosts = load_spec(spec).stack, hosts_of(spec)
    ensure_root(hosts, "backup drill")
    with progress_by_host() as display:
        asked = settled(hosts, lambda host, transport: drill(stack, transport, display(host), snapshot))
    return told_by_host(output, stack, hosts, asked, lambda _host, answer: drilled(answer))


for verb_ in (now, list_backups, show, diff, restore, verify, drill_backup, spec_of):
    command.add_command(verb_)
