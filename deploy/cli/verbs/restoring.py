"""`kit backup restore`: the restore, its checks, and the way back if they fail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploy.agent.contract.restores import Restoring
from deploy.agent.line import Line
from deploy.cli.terminal.output import Output
from deploy.cli.told.backups import restored_words
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.hosts import host_option, hosts_of, progress_by_host, settled, told_by_host
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.desired import recall_desired
from deploy.errors import UsageError
from deploy.hosts.reach import Hosts
from deploy.lifecycle.applied import host_state
from deploy.lifecycle.backups import restore, restore_and_check
from deploy.spec.loading.loader import load_spec

if TYPE_CHECKING:
    from deploy.agent.contract.restores import RestoreAnswer
    from deploy.cli.verbs.hosts import Asked


def meant(_context: click.Context, _parameter: click.Parameter, snapshot: str | None) -> str:
    """Return the word for a backup; an empty one, or a path of kit.yaml, means that it was left out."""
    if not snapshot or snapshot.endswith((".yaml", ".yml")):
        raise UsageError("the backup is not named", f"write `latest`, or one of the list: {Line('backup', 'list')}")
    return snapshot


snapshot_argument = click.argument("snapshot", metavar="ID|latest|TIME", required=False, callback=meant)


@verb(
    "restore",
    "backup restore latest",
    "backup restore 2026-11-28T02:00 --only secrets inventories/workstation/kit.yaml",
    "backup restore latest --from old --host new home/kit.yaml",
    "backup restore latest --from /mnt/disk2/kit --key backup.key home/kit.yaml",
)
@click.option(
    "--only",
    multiple=True,
    metavar="PART",
    help="Restore only this part of the backup: a service, `secrets`, or another that its list names.",
)
@click.option("--to", metavar="DIR", help="Restore into this empty folder of the host, and stop nothing.")
@click.option(
    "--from",
    "place",
    metavar="HOST|REPOSITORY",
    help="Move the stack here: from another host of kit.yaml, or from a repository that no host uses any more.",
)
@click.option("--key", metavar="FILE", help="File with the key of the repository.")
@click.option("--yes", is_flag=True, help="Do not ask, even if the apply to a new host stops something.")
@snapshot_argument
@host_option
@spec_argument
def command(
    output: Output,
    spec: Path,
    snapshot: str,
    only: tuple[str, ...],
    to: str | None,
    place: str | None,
    key: str | None,
    yes: bool,
) -> int:
    """Restore a backup: user data and secrets as they were then.

    Stops what it must, keeps what was there before in a folder beside it, starts and checks the services. If they do
    not run with the restored data, or a check fails, the former data comes back and the exit code is 1.

    A host without a release gets one first, as by apply, and backs up the restored stack at the end. With --from HOST,
    the services that kit.yaml no longer has there stop, are backed up once more, and stay stopped; if the move fails,
    they start again.
    """
    if to is not None and not to.startswith("/"):
        raise UsageError(f"--to {to}: the folder is one of the host", "write its whole path")
    if to is not None and (place or key):
        raise UsageError("--to goes with the host's own repository", "leave out --from and --key")
    stack, hosts = load_spec(spec).stack, hosts_of(spec)
    ensure_root(hosts, "backup restore")
    if to is None and (place or key or _has_new(stack, hosts)):
        # A move loads what an apply loads.
        from deploy.cli.verbs.moving import Move, move

        move(output, recall_desired(spec), hosts, Move(snapshot, only, place or "", key or "", yes))
        return 0
    asked = _restored(spec, stack, hosts, Restoring(snapshot=snapshot, only=list(only)), to)
    return told_by_host(output, stack, hosts, asked, lambda _host, answer: restored_words(answer, to))


def _restored(spec: Path, stack: str, hosts: Hosts, part: Restoring, to: str | None) -> Asked[RestoreAnswer]:
    """Restore on each host in its place, or into a folder."""
    with progress_by_host() as display:
        if to is not None:
            look: Restoring = {**part, "to": to}
            return settled(hosts, lambda host, transport: restore(stack, transport, display(host), look, {}))
        desired = recall_desired(spec)
        return settled(
            hosts, lambda host, transport: restore_and_check(desired.on(host), transport, display(host), part)
        )


def _has_new(stack: str, hosts: Hosts) -> bool:
    """Return True if a host has no release yet; a host that gives no answer is told by its restore."""
    answers, _ = hosts.settled(lambda _, transport: host_state(transport, stack)["release"] is None)
    return any(answers.values())
