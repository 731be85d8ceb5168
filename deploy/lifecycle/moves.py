"""The move of a stack from one host to another: what the former host gives, and what the new one gets."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from deploy.agent.contract.verbs import BACK_UP, GIVE_REPOSITORY, SECRETS, START, STOP, TAKE_REPOSITORY
from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.line import Line
from deploy.deployment.released import read_released
from deploy.deployment.secrets import Secret
from deploy.errors import KitError, UsageError
from deploy.fields.backup import SFTP
from deploy.hosts.secret_values import secret_value
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.applied import host_state
from deploy.lifecycle.held import held
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.backups import BackUpRequest, Ssh
    from deploy.agent.contract.envelope import StackRequest
    from deploy.agent.contract.releases import ServicesRequest
    from deploy.agent.contract.restores import BroughtRequest, OtherRepository
    from deploy.agent.contract.secrets import SecretsRequest


@dataclass(frozen=True)
class Former:
    """The host that a stack leaves: its services are stopped, and its newest backup has all that they wrote."""

    transport: Transport
    request: StackRequest
    repository: str
    ssh: Ssh | None
    key: str = field(repr=False)
    snapshot: str
    services: tuple[str, ...]
    """Services that ran."""

    @property
    def is_remote(self) -> bool:
        """True if its repository lies on a third machine, which the new host reaches by itself."""
        return self.repository.startswith(SFTP)


@contextmanager
def leaving(stack: str, host: str, transport: Transport, staying: Collection[str]) -> Iterator[Former]:
    """Stop the services that leave a host, and back them up; if the block fails, they run there as before.

    The stop comes first, so that nobody writes behind the backup.
    """
    released = host_state(transport, stack)["deployment"]
    release = read_released(released)
    if released is None or release is None:
        raise KitError(f"{host} has no release of {stack}", "name the host that the stack is on now")
    if not released.get("backup"):
        raise KitError(
            f"{stack} on {host} has no backups, which a move is made of",
            f"write `backup: {{}}` into the kit.yaml that is applied there, and `{Line('apply')}`",
        )
    limits = {each.name: float(each.health_timeout_seconds) for each in release.services if each.name not in staying}
    if not limits:
        problem = f"kit.yaml leaves everything on {host}, so nothing moves"
        raise UsageError(
            problem, "write the new host at the services that move (`host:`), then type the same line again"
        )
    with held(transport, stack, "kit backup restore", lambda _line: None) as base:
        stop: ServicesRequest = {**base, "services": list(limits), "health_timeouts": {}}
        stopped = transport.call(STOP, stop)["services"]
        try:
            answer = transport.call(BACK_UP, cast("BackUpRequest", base))
            key = secret_value(Stack(stack), transport, Secret(BACKUP_KEY, BACKUP_OWNER))
            way = released["backup"].get("ssh")
            yield Former(transport, base, answer["repository"], way, key, answer["snapshot"], tuple(stopped))
        except BaseException:
            if stopped:
                start: ServicesRequest = {**base, "services": list(reversed(stopped)), "health_timeouts": limits}
                transport.call(START, start)
            raise


def brought(former: Former, transport: Transport, base: StackRequest) -> OtherRepository:
    """Return the former host's repository as the new host reads it; one on a disk is sent there.

    The new host is held from here to the end of the restore: what lies there without a hold is a killed run's.
    """
    if former.is_remote:
        return {"repository": former.repository, "key": former.key, "ssh": former.ssh}

    def opened(_name: str, _start: int) -> AbstractContextManager[Iterator[bytes]]:
        return former.transport.receive(GIVE_REPOSITORY, former.request)

    request: BroughtRequest = {**base, "repository": former.repository}
    answer = transport.send(TAKE_REPOSITORY, request, opened)
    return {"repository": answer["repository"], "key": former.key}


def give_key(stack: str, transport: Transport, on_line: OnLine, key: str) -> None:
    """Let a host have the key of the repository that it goes on with, before an apply makes another one."""
    with held(transport, stack, "kit backup restore", on_line) as base:
        request: SecretsRequest = {
            **base,
            "secrets": [
                {
                    "name": BACKUP_KEY,
                    "owner": BACKUP_OWNER,
                    "prefix": "",
                    "value": key,
                    "reference": None,
                    "stack": "",
                    "readers": [],
                }
            ],
        }
        transport.call(SECRETS, request)
