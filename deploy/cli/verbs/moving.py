"""The move of a stack: a host gets its release, the backup of another place, and a first backup of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.contract.restores import OtherRepository, Restoring
from deploy.agent.kit_folders import BACKUP_KEY
from deploy.agent.line import Line
from deploy.apply.prepared.references import key_in
from deploy.cli.terminal.output import Output
from deploy.cli.told.backups import restored_words, taken_words
from deploy.cli.told.welcome import doors
from deploy.cli.verbs.hosts import other_host, progress_by_host
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.desired import Desired, Share
from deploy.deployment.backup import Backup
from deploy.errors import KitError, UsageError
from deploy.fields.backup import SFTP
from deploy.hosts.reach import Hosts
from deploy.hosts.wire.transport import Transport
from deploy.lifecycle.applied import host_state
from deploy.lifecycle.backups import back_up, restore_and_check
from deploy.lifecycle.moves import Former, brought, give_key, leaving

if TYPE_CHECKING:
    from deploy.agent.contract.applied import AppliedAnswer
    from deploy.agent.contract.restores import RestoreAnswer


@dataclass(frozen=True)
class Move:
    """A person's words for a move."""

    snapshot: str
    only: tuple[str, ...]
    place: str
    """Host or repository that the stack comes from; empty for the repository in kit.yaml."""
    key: str
    """File with the key of that repository."""
    yes: bool

    @property
    def is_from_host(self) -> bool:
        """True if the stack comes from a host; no name has a slash or a colon."""
        return bool(self.place) and not self.place.startswith(("/", SFTP))


@dataclass(frozen=True)
class Target:
    """The host that a stack moves to."""

    share: Share
    backup: Backup
    transport: Transport
    state: AppliedAnswer

    @property
    def is_new(self) -> bool:
        """True if the host has no release."""
        return self.state["release"] is None

    @property
    def has_backed_up(self) -> bool:
        """True if the host has a repository, which its key opens."""
        seen = self.state.get("backups")
        return bool(seen and seen["repository"])


def move(output: Output, desired: Desired, hosts: Hosts, wanted: Move) -> None:
    """Move a stack to one host, and print what came with it."""
    target = _target(desired, hosts, wanted)
    other = _other(target, wanted)
    with ExitStack() as leave:
        former = None
        if wanted.is_from_host:
            former = leave.enter_context(_left(output, desired, wanted.place))
            wanted = replace(wanted, snapshot=former.snapshot if wanted.snapshot == "latest" else wanted.snapshot)
        if target.is_new or former is not None:
            _place(output, desired, hosts, target, wanted, keeps_key=other is None)
        with _told_of_new(target):
            answer = _restored(target, former, wanted, other)
    _tell(output, desired, target, wanted, answer)


def _target(desired: Desired, hosts: Hosts, wanted: Move) -> Target:
    if len(hosts) != 1:
        raise UsageError("a stack moves to one host", f"name it with --host: {', '.join(hosts)}")
    ((host, transport),) = hosts.items()
    share = desired.on(host)
    if share.deployment.backup is None:
        step = f"write `backup: {{}}` in {desired.path}, and put the services on {host}"
        raise UsageError(f"{desired.path} has no backup of {host}", step)
    if wanted.place == host:
        raise UsageError(f"--from {host} is the host that the stack moves to", "name the host that has it now")
    if wanted.is_from_host and wanted.place not in desired.ways:
        raise UsageError(
            f"--from {wanted.place} is no host of {desired.path}; there are: {', '.join(desired.ways)}",
            "leave the former host under `hosts` until the stack has moved, or name a repository: a whole path, or "
            "sftp:USER@HOST:/FOLDER",
        )
    return Target(share, share.deployment.backup, transport, host_state(transport, desired.stack))


def _other(target: Target, wanted: Move) -> OtherRepository | None:
    """Return the repository to read; None for the host's own with its own key, and for one that a host sends."""
    place = wanted.place or target.backup.repository
    if wanted.is_from_host:
        return None
    if not wanted.key:
        if target.is_new and not target.backup.key_reference:
            line = Line("backup", "restore", wanted.snapshot, "--from", place, "--key", "FILE")
            raise UsageError(f"nothing says which key opens {place}", f"write its key into a file: {line}")
        return None if place == target.backup.repository else _repository(target, place)
    if place == target.backup.repository and target.is_new and not target.has_backed_up:
        # The host gets the key and goes on with the repository.
        return None
    return {**_repository(target, place), "key": key_in(Path(wanted.key))}


def _repository(target: Target, place: str) -> OtherRepository:
    """Return a repository; one over sftp is reached as kit.yaml says of the host's own."""
    ssh = target.backup.ssh
    if ssh is None:
        return {"repository": place}
    return {"repository": place, "ssh": {"port": ssh.port, "identity": ssh.identity, "host_key": ssh.host_key}}


def _left(output: Output, desired: Desired, host: str) -> AbstractContextManager[Former]:
    """Return the stop of what leaves a host; what kit.yaml leaves there goes on."""
    hosts = other_host(desired.ways, host)
    ensure_root(hosts, "backup restore")
    output.note(f"{host}: the services that leave it stop, and are backed up once more")
    staying = desired.deployments[host].services if host in desired.deployments else ()
    return leaving(desired.stack, host, hosts[host], [service.name for service in staying])


def _place(output: Output, desired: Desired, hosts: Hosts, target: Target, wanted: Move, *, keeps_key: bool) -> None:
    """Apply to the host, after it got the key of the repository that it goes on with."""
    # What carries a plan out takes longer to load than a restore does.
    from deploy.cli.verbs.applying import Options, planned_and_applied

    if wanted.key and keeps_key and not wanted.is_from_host:
        give_key(desired.stack, target.transport, lambda _line: None, key_in(Path(wanted.key)))
    if planned_and_applied(output, desired, hosts, Options(yes=wanted.yes)) is None:
        raise KitError("the stack was not moved", "answer yes to the plan, or type the same line with --yes")


def _restored(target: Target, former: Former | None, wanted: Move, other: OtherRepository | None) -> RestoreAnswer:
    with progress_by_host() as display:
        on_line = display(target.share.host)
        bring = partial(brought, former, target.transport) if former is not None else None
        restoring = Restoring(snapshot=wanted.snapshot, only=list(wanted.only))
        if other is not None:
            restoring["other"] = other
        return restore_and_check(target.share, target.transport, on_line, restoring, bring)


@contextmanager
def _told_of_new(target: Target) -> Iterator[None]:
    """Say with an error that the new host runs an empty stack."""
    try:
        yield
    except KitError as error:
        if target.is_new:
            error.problem += f"\n{target.share.host} runs the stack without its data"
            error.next_step = f"{error.next_step}; then type the same line again".removeprefix("; ")
        raise


def _tell(output: Output, desired: Desired, target: Target, wanted: Move, answer: RestoreAnswer) -> None:
    host, lines = target.share.host, [restored_words(answer)]
    with progress_by_host() as display:
        try:
            taken = back_up(desired.stack, target.transport, display(host), takes_over=True)
        except KitError as error:
            problem = f"{lines[0]}\n{host} runs it, but could not back it up: {error.problem}"
            raise KitError(problem, error.next_step) from error
    lines.append(taken_words(desired.path, taken, ""))
    if target.is_new:
        key = Line("secret", "show", BACKUP_KEY, *(("--host", host) if len(desired.deployments) > 1 else ()))
        lines += [f"The key of its backups: {key} (keep a copy elsewhere)", "", *doors(desired)]
    if wanted.is_from_host:
        end, place = Line("apply"), wanted.place
        lines.append(f"{place} still has what moved, stopped, with its data; `{end}` removes its containers there")
    elif len(desired.deployments) > 1:
        lines.append(f"`{Line('apply')}` gives the other hosts the restored keys")
    document = {"stack": desired.stack, "hosts": {host: answer}, "backup": taken, "applied": target.is_new}
    output.answer("\n".join(lines), document)
