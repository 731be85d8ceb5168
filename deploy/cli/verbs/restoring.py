"""`kit backup restore`: the restore, its checks, and the way back if they fail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploy.agent.contract.backups import Restoring
from deploy.agent.line import Line
from deploy.cli.terminal.output import Output
from deploy.cli.told.backups import SHORT
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.hosts import blocks, host_option, hosts_of, progress_by_host
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.desired import recall_desired
from deploy.errors import KitError, UsageError
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.backups import restore
from deploy.spec.loading.loader import load_spec
from deploy.verify.run import run_checks

if TYPE_CHECKING:
    from deploy.agent.contract.backups import RestoreAnswer
    from deploy.decide.desired import Share


def meant(_context: click.Context, _parameter: click.Parameter, snapshot: str | None) -> str:
    """Return the word for a backup; a path of kit.yaml in its place means that it was left out."""
    if snapshot is None or snapshot.endswith((".yaml", ".yml")):
        raise UsageError("the backup is not named", f"write `latest`, or one of the list: {Line('backup', 'list')}")
    return snapshot


snapshot_argument = click.argument("snapshot", metavar="ID|latest|TIME", required=False, callback=meant)


@verb(
    "restore",
    "backup restore latest",
    "backup restore 2026-11-28T02:00 --only secrets inventories/workstation/kit.yaml",
)
@click.option(
    "--only", multiple=True, metavar="PART", help="Restore only this part: a service with data, or `secrets`."
)
@click.option("--to", metavar="DIR", help="Restore everything into this empty folder of the host, and stop nothing.")
@snapshot_argument
@host_option
@spec_argument
def command(output: Output, spec: Path, snapshot: str, only: tuple[str, ...], to: str | None) -> None:
    """Restore a backup: user data and secrets as they were then.

    Stops what it must, keeps what was there before in a folder beside it, starts and checks the services. If they do
    not run with the restored data, or a check fails, the former data comes back and the exit code is 1.
    """
    if to is not None and not to.startswith("/"):
        raise UsageError(f"--to {to}: the folder is one of the host", "write its whole path")
    stack, hosts = load_spec(spec).stack, hosts_of(spec)
    ensure_root(hosts, "backup restore")
    with progress_by_host() as display:
        if to is not None:
            look = Restoring(snapshot=snapshot, to=to)
            answers = hosts.each(lambda host, transport: restore(stack, transport, display(host), look, {}))
        else:
            desired, wanted = recall_desired(spec), Restoring(snapshot=snapshot, only=list(only))
            answers = hosts.each(lambda host, transport: _restored(desired.on(host), transport, display(host), wanted))
    words = {host: _words(answer, to) for host, answer in answers.items()}
    output.answer(blocks(words), {"stack": stack, "hosts": dict(answers)})


def _restored(share: Share, transport: Transport, on_line: OnLine, wanted: Restoring) -> RestoreAnswer:
    """Restore and check; take the restore back if a check of the restored services fails."""
    stack = share.deployment.stack
    limits = {service.name: float(service.health_timeout_seconds) for service in share.deployment.services}
    answer = restore(stack, transport, on_line, wanted, limits)
    if not answer["services"]:
        return answer
    report = run_checks(share.deployment, tuple(answer["services"]), lambda _check: None, share.way)
    if report.passed:
        return answer
    restore(stack, transport, on_line, {"back": answer["aside"]}, limits)
    raise KitError(
        f"the restored services failed their checks, and the former data is back:\n{report.failures_text()}",
        "choose another backup",
    )


def _words(answer: RestoreAnswer, to: str | None) -> str:
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
