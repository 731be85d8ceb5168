"""`kit backup restore`: the restore, its checks, and the way back if they fail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploy.cli.terminal.output import Output
from deploy.cli.told.backups import SHORT
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.hosts import blocks, host_option, hosts_of, progress_by_host
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.desired import recall_desired
from deploy.errors import KitError, UsageError
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.applied import applied
from deploy.lifecycle.backups import restore
from deploy.verify.run import run_checks

if TYPE_CHECKING:
    from deploy.agent.contract.backups import RestoreAnswer, Restoring
    from deploy.decide.desired import Share
    from deploy.lifecycle.applied import Applied


@verb(
    "restore",
    "backup restore latest",
    "backup restore 2026-11-28T02:00 --only secrets inventories/workstation/kit.yaml",
)
@click.option(
    "--only", multiple=True, metavar="PART", help="Restore only this part: a service with data, or `secrets`."
)
@click.option("--to", metavar="DIR", help="Restore everything into this empty folder of the host, and stop nothing.")
@click.argument("snapshot", metavar="ID|latest|TIME")
@host_option
@spec_argument
def command(output: Output, spec: Path, snapshot: str, only: tuple[str, ...], to: str | None) -> None:
    """Restore a backup: user data and secrets as they were then.

    Stops what it must, keeps what was there before in a folder beside it, starts and checks the services. If they do
    not run with the restored data, or a check fails, the former data comes back and the exit code is 1.
    """
    if to is not None and not to.startswith("/"):
        raise UsageError(f"--to {to}: the folder is one of the host", "write its whole path")
    hosts = hosts_of(spec)
    there, desired = applied(spec, hosts), recall_desired(spec)
    ensure_root(hosts, "backup restore")
    wanted: Restoring = {"snapshot": snapshot, "only": list(only)}
    if to is not None:
        wanted["to"] = to
    with progress_by_host() as display:
        answers = hosts.each(
            lambda host, transport: _restored(desired.on(host), there[host], transport, display(host), wanted)
        )
    words = {host: _words(answer, to) for host, answer in answers.items()}
    output.answer(blocks(words), {"stack": desired.stack, "hosts": dict(answers)})


def _restored(share: Share, there: Applied, transport: Transport, on_line: OnLine, wanted: Restoring) -> RestoreAnswer:
    """Restore and check; take the restore back if a check of the restored services fails."""
    answer = restore(there, transport, on_line, wanted)
    if not answer["services"]:
        return answer
    report = run_checks(share.deployment, tuple(answer["services"]), lambda _check: None, share.way)
    if report.passed:
        return answer
    restore(there, transport, on_line, {"back": answer["aside"]})
    raise KitError(
        f"the restored services failed their checks, and the former data is back:\n{report.failures_text()}",
        "choose another backup",
    )


def _words(answer: RestoreAnswer, to: str | None) -> str:
    backup = f"the backup {answer['snapshot'][:SHORT]} of {answer['taken']}"
    if to is not None:
        return f"{backup} is in {to}"
    if not answer["parts"]:
        return f"everything is as in {backup}"
    lines = [f"restored {' and '.join(answer['parts'])} from {backup}"]
    lines += [f"what was there before: {path}" for path in answer["aside"].values() if path]
    return "\n".join(lines)
