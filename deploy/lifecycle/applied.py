"""What is there of a stack, for the verbs that only deal with that: by kit.yaml, or by the release on the host."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.contract.verbs import APPLIED
from deploy.decide.desired import load_desired
from deploy.deployment.host import Deployment
from deploy.deployment.secrets import Secret
from deploy.errors import SpecError, UsageError
from deploy.hosts.transport import Transport
from deploy.spec.loading.loader import load_spec
from deploy.stack import HERE, Stack

if TYPE_CHECKING:
    from deploy.agent.contract.applied import AppliedAnswer, AppliedRequest

FORMAT = 1


@dataclass(frozen=True)
class Applied:
    """A stack without what is pinned for it."""

    stack: str
    health_timeouts: dict[str, int]
    """How long each service may take to become healthy, by its name."""
    secrets: tuple[Secret, ...]
    readers: dict[str, tuple[str, ...]]
    """Which services read a secret, by its name."""
    data_roots: tuple[str, ...]
    """The folders that hold user data and models, none of them inside another."""
    engines_outside: dict[str, str] = field(default_factory=dict)
    """Addresses of the engines that models are made on and that the kit does not run, by name."""

    @property
    def root(self) -> str:
        """Folder of the stack's releases, secrets and state."""
        return Stack(self.stack).root


def applied(path: Path, transport: Transport) -> Applied:
    """Read kit.yaml and kit.lock; a stack whose lock is missing or broken is as its release on the host says."""
    try:
        return _of_deployment(load_desired(path).deployments[HERE])
    except SpecError:
        found = _released(host_state(transport, load_spec(path).stack))
        if found is None:
            raise
        return found


def to_remove(path: Path, stack: str | None, transport: Transport) -> Applied:
    """Return what was applied; kit.yaml is asked where no release says it, and where no name is given."""
    state = host_state(transport, stack_of(path, stack, transport))
    there = _released(state) or _of_deployment(load_desired(path).deployments[HERE])
    # Also what removed services left, and what stayed where a service's data lay before.
    return replace(there, data_roots=_outermost({*there.data_roots, *state["places"]}))


def stack_of(path: Path, stack: str | None, transport: Transport) -> str:
    """Return the name that was given, or the one in kit.yaml; a kit.yaml that is no help is told with another way."""
    if stack is not None:
        here = host_state(transport, stack)["stacks"]
        if stack not in here:
            raise UsageError(f"this machine has no release of a stack {stack}", _stacks_here(here))
        return stack
    try:
        return load_spec(path).stack
    except SpecError as error:
        here = host_state(transport)["stacks"]
        raise SpecError(list(error.problems), _without_spec(error.next_step, here)) from None


def host_state(transport: Transport, stack: str | None = None) -> AppliedAnswer:
    """Ask which stacks have a release on the host, and what the release of one of them says."""
    request: AppliedRequest = {"stack": stack}
    return transport.call(APPLIED, request)


def _released(state: AppliedAnswer) -> Applied | None:
    """Read a stack's release; None where there is none, or none that can be read."""
    try:
        decided = state["deployment"] or {}
        return _of_release(decided) if decided["format"] == FORMAT else None
    except (ValueError, KeyError, TypeError):
        return None


def _of_deployment(deployment: Deployment) -> Applied:
    folders = {folder.host_path for service in deployment.services for folder in service.folders}
    folders |= {service.data.host_path for service in deployment.services if service.data}
    return Applied(
        deployment.stack,
        {service.name: service.health_timeout_seconds for service in deployment.services},
        deployment.secrets,
        {secret.name: deployment.readers(secret) for secret in deployment.secrets},
        _outermost(folders | {deployment.data_root}),
        {engine.name: engine.address for engine in deployment.engines if engine.models_dir is None},
    )


def _of_release(decided: dict[str, Any]) -> Applied:
    services = decided["services"]
    uses = [(service["name"], use["secret"]) for service in services for use in service["secrets"]]
    secrets = [secret for _, secret in uses] + [one for service in services for one in service["host_secrets"]]
    secrets += [engine["key"] for engine in decided.get("engines", []) if engine["key"]]
    by_name = {secret["name"]: Secret(**secret) for secret in secrets}
    folders = {folder["host_path"] for service in services for folder in service["folders"]}
    folders |= {service["data"]["host_path"] for service in services if service["data"]}
    return Applied(
        decided["stack"],
        {service["name"]: service["health_timeout_seconds"] for service in services},
        tuple(by_name[name] for name in sorted(by_name)),
        {name: tuple(reader for reader, secret in uses if secret["name"] == name) for name in by_name},
        _outermost(folders | {Deployment(decided["stack"], (), ()).data_root}),
        {one["name"]: one["address"] for one in decided.get("engines", []) if one["models_dir"] is None},
    )


def _outermost(folders: set[str]) -> tuple[str, ...]:
    return tuple(sorted(one for one in folders if not any(Path(one).is_relative_to(o) for o in folders - {one})))


def _without_spec(next_step: str, here: list[str]) -> str:
    ways = f"or leave the file out and name the stack (here: {', '.join(here)}): --stack NAME" if here else ""
    return "; ".join(step for step in (next_step, ways) if step)


def _stacks_here(here: list[str]) -> str:
    return f"there are: {', '.join(here)}" if here else "there is none"
