"""A stack between applies, host by host: from kit.yaml and kit.lock, or from the releases on its hosts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import APPLIED
from deploy.decide.desired import load_desired
from deploy.deployment.released import Released, read_released, released
from deploy.deployment.secrets import Secret
from deploy.errors import SpecError, UsageError
from deploy.hosts.reach import Hosts
from deploy.hosts.wire.transport import Transport
from deploy.spec.loading.loader import load_spec
from deploy.stack import Stack
from deploy.words import host_words

if TYPE_CHECKING:
    from deploy.agent.contract.applied import AppliedAnswer, AppliedRequest


@dataclass(frozen=True)
class Applied:
    """One host's share of a stack, without what is pinned for it."""

    stack: str
    health_timeouts: dict[str, int]
    """Service to the seconds that it may take to become healthy."""
    secrets: tuple[Secret, ...]
    readers: dict[str, tuple[str, ...]]
    """Secret to the services that read it."""
    data_roots: tuple[str, ...]
    """The folders that hold user data and models, none of them inside another."""
    engines_outside: dict[str, str] = field(default_factory=dict)
    """Engine to its address, for engines that models are made on and that the kit does not run."""
    is_backed_up: bool = False
    """True if the release on the host has a backup."""

    @property
    def root(self) -> str:
        """Folder of the stack's releases, secrets and state."""
        return Stack(self.stack).root


def applied(path: Path, hosts: Hosts) -> dict[str, Applied]:
    """Read kit.yaml and kit.lock; if the lock is missing or broken, the releases on the hosts count."""
    try:
        return _of_files(path, hosts)
    except SpecError:
        stack = load_spec(path).stack
        answers = hosts.each(lambda _, transport: host_state(transport, stack))
        releases = {host: read_released(answer["deployment"]) for host, answer in answers.items()}
        known = {host: _applied(release) for host, release in releases.items() if release is not None}
        if not known:
            raise
        return known


def to_remove(path: Path, stack: str | None, hosts: Hosts) -> dict[str, Applied]:
    """Return the applied stack; kit.yaml counts where a host has no release, and where no name is given."""
    name = stack_of(path, stack, hosts)
    answers = hosts.each(lambda _, transport: host_state(transport, name))
    releases = {host: read_released(answer["deployment"]) for host, answer in answers.items()}
    without = [host for host, release in releases.items() if release is None]
    known = _of_files(path, without) if without else {}
    known |= {host: _applied(release) for host, release in releases.items() if release is not None}
    # Also what removed services left, and what stayed where a service's data lay before.
    return {
        host: replace(
            there,
            data_roots=_outermost({*there.data_roots, *answers[host]["places"]}),
            is_backed_up=(answers[host]["deployment"] or {}).get("backup") is not None,
        )
        for host, there in known.items()
    }


def stack_of(path: Path, stack: str | None, hosts: Hosts) -> str:
    """Return the given name, or the one in kit.yaml; an unreadable kit.yaml is reported with another way."""
    if stack is not None:
        known = _stacks_on(hosts)
        if stack not in known:
            where = ", ".join(map(host_words, hosts))
            raise UsageError(f"{where} has no release of a stack {stack}", _there_are(known))
        return stack
    try:
        return load_spec(path).stack
    except SpecError as error:
        raise SpecError(list(error.problems), _without_spec(error.next_step, _stacks_on(hosts))) from None


def host_state(transport: Transport, stack: str | None = None) -> AppliedAnswer:
    """Ask a host for the stacks that have a release, and for the release of one of them."""
    request: AppliedRequest = {"stack": stack}
    return transport.call(APPLIED, request)


def _stacks_on(hosts: Hosts) -> list[str]:
    answers = hosts.each(lambda _, transport: host_state(transport)["stacks"])
    return sorted({stack for stacks in answers.values() for stack in stacks})


def _of_files(path: Path, hosts: Iterable[str]) -> dict[str, Applied]:
    deployments = load_desired(path).deployments
    return {host: _applied(released(deployments[host])) for host in hosts if host in deployments}


def _applied(release: Released) -> Applied:
    folders = {folder for service in release.services for folder in service.folders}
    return Applied(
        release.stack,
        {service.name: service.health_timeout_seconds for service in release.services},
        release.secrets,
        {secret.name: release.readers(secret) for secret in release.secrets},
        _outermost({*folders, Stack(release.stack).data_root}),
        {engine.name: engine.address for engine in release.engines if engine.models_dir is None},
    )


def _outermost(folders: set[str]) -> tuple[str, ...]:
    def is_inside(folder: str) -> bool:
        return any(Path(folder).is_relative_to(other) for other in folders - {folder})

    return tuple(sorted(folder for folder in folders if not is_inside(folder)))


def _without_spec(next_step: str, known: list[str]) -> str:
    ways = f"or leave the file out and name the stack (here: {', '.join(known)}): --stack NAME" if known else ""
    return "; ".join(step for step in (next_step, ways) if step)


def _there_are(known: list[str]) -> str:
    return f"there are: {', '.join(known)}" if known else "there is none"
