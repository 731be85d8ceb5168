"""Operations on containers: those created, recreated, started or removed, with the cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.agent.contract.trials import declared, is_trial
from deploy.deployment.bundle import Bundle
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Container
from deploy.plan.docker import UNSEEN, is_unseen
from deploy.plan.operation import Action, Operation
from deploy.plan.place_questions import Chosen

WORDS = {
    "deploy": "cards",
    "dns_opt": "name look-ups",
    "group_add": "groups",
    "mem_limit": "memory",
    "pids_limit": "pids",
    "stop_grace_period": "stop time",
    "sysctls": "kernel settings",
    "healthcheck": "health check",
}
"""Words of the compose file that differ from the spec's."""


def service_operations(
    deployment: Deployment, bundle: Bundle, observation: Observation, chosen: Mapping[str, Chosen] | None = None
) -> tuple[Operation, ...]:
    """Return the operations on containers; the agent carries out exactly these, and compose agrees."""
    wanted = {service.name for service in deployment.services}
    operations = [
        Operation(f"service {name}", "remove", _needless(name), "release", name)
        for name in sorted(set(observation.services) - wanted)
    ]
    for service in deployment.services:
        change = _change(deployment, service, bundle, observation, chosen or {})
        if change is not None:
            action, cause = change
            operations.append(Operation(f"service {service.name}", action, cause, "release", service.name))
    return tuple(operations)


def _needless(name: str) -> str:
    if is_trial(name):
        return f"a trial of {declared(name)} that was interrupted"
    return "no longer declared; its data stays"


def _change(
    deployment: Deployment,
    service: Service,
    bundle: Bundle,
    observation: Observation,
    chosen: Mapping[str, Chosen],
) -> tuple[Action, str] | None:
    container = observation.services.get(service.name)
    if container is None:
        return "create", UNSEEN if is_unseen(observation) else "not on host"
    causes = (*_causes(service, container, bundle, observation), *_lost_models(deployment, service, observation))
    another_place = chosen[service.name].question.cause if service.name in chosen else None
    cause = next(iter(causes), another_place)
    if cause is not None:
        return "recreate", cause
    if service.name in observation.stopped:
        return "start", "stopped on request"
    if container.trouble:
        return "recreate", container.trouble
    if container.state == "paused":
        # Docker starts nothing that is paused.
        return "recreate", "paused by hand"
    if container.state != "running":
        # Docker's word for one that nobody has started yet, as a run that is cut off leaves it.
        never = container.state == "created"
        return "start", "created, never started" if never else f"{container.state} with exit code {container.exit_code}"
    if container.health == "unhealthy":
        return "recreate", "unhealthy"
    return None


def _causes(service: Service, container: Container, bundle: Bundle, observation: Observation) -> Iterator[str]:
    parts = bundle.services[service.name]
    if container.labels.get("kit.digest") != parts["digest"]:
        released = observation.manifest["services"] if observation.manifest else {}
        before = released.get(service.name)
        changed_parts = ", ".join(_differences(before, parts)) if before else "created from an unknown release"
        # Another version of kit may count the same parts to another digest.
        yield changed_parts or "created by another version of kit"
    image = observation.images.get(service.image.reference)
    if image is not None and container.image_id != image.id:
        yield "image was rebuilt"
    if image is not None and not image.is_of(service.image):
        yield "another image has the name of its image"
    changed = sorted({*observation.changed_secrets.get(service.name, ()), *_lost_secrets(service, observation)})
    if changed:
        yield "secret changed: " + ", ".join(changed)
    # A container keeps what it mounted: only other bytes are a cause, and no other mode or owner.
    changed_files = {file.path: file.cause for file in observation.changed_files if not file.has_content}
    for name, sha256 in parts["files"].items():
        if path_cause := changed_files.get(f"files/{sha256}/{name}"):
            yield f"its file {name} {path_cause}"
    yield from _strange(service, container)
    made_by = container.labels.get("com.docker.compose.version")
    now = observation.docker.compose
    if made_by and now and _release(made_by) != _release(now):
        yield f"created by Compose {_release(made_by)}, the host has {_release(now)}"
    yield from _outdated(service, container)
    yield from _by_hand(container)


def _outdated(service: Service, container: Container) -> Iterator[str]:
    """Yield properties of a container from an older Docker or client, which a new one would not have."""
    proxies = sorted(set(container.proxies) - dict(service.environment).keys())
    if proxies:
        yield f"Docker's client gave it {', '.join(proxies)}, which kit.yaml does not set"
    if container.defaults:
        yield f"created under other defaults of Docker: {', '.join(container.defaults)}"


def _by_hand(container: Container) -> Iterator[str]:
    if container.recreated:
        yield "was recreated by hand"
    elif container.changed:
        yield f"was changed by hand: {', '.join(container.changed)}"


def _strange(service: Service, container: Container) -> Iterator[str]:
    """Yield the host's changes to a container's ports, networks and folders."""
    if container.state == "running" and set(container.ports) != set(_published(service)):
        yield f"listens on {', '.join(container.ports) or 'no port'}, not on {', '.join(_published(service)) or 'none'}"
    if container.lost_networks:
        yield f"its network {', '.join(container.lost_networks)} was removed"
    if container.replaced_folders:
        folders = ", ".join(container.replaced_folders)
        yield f"writes to a folder that {folders} was before; it was replaced or mounted over"


def _published(service: Service) -> list[str]:
    return [f"{port.address}:{port.host_port}" for port in service.ports]


def _release(version: str) -> str:
    """Return a version without the distribution's suffix, which containers' labels lack."""
    return version.lstrip("v").split("-")[0].split("+")[0]


def _lost_secrets(service: Service, observation: Observation) -> Iterator[str]:
    """Yield the secrets with a lost or a new original: the container has the old value."""
    for use in service.secrets:
        original = (use.secret.owner, use.secret.name)
        if original not in observation.secrets or original in observation.replaced_secrets:
            yield use.secret.name


def _lost_models(deployment: Deployment, service: Service, observation: Observation) -> Iterator[str]:
    """Yield the causes for a container to reopen a model's file: it keeps the bytes of the first opening."""
    for model in deployment.models:
        is_unknown = model.host_path in observation.unhashed_models
        if model.service == service.name and not is_unknown and observation.models.get(model.host_path) != model.sha256:
            yield f"its model {model.name} differs from the fetched one"


def _differences(before: dict[str, Any], parts: dict[str, Any]) -> Iterator[str]:
    if before["digest"] == parts["digest"]:
        yield "container is not the release's"
        return
    if before["image"] != parts["image"]:
        yield f"image changed to {parts['image'].split(':')[0]}:{parts['image'].split(':')[1][:12]}"
    for name in sorted(set(before["files"]) | set(parts["files"])):
        if before["files"].get(name) != parts["files"].get(name):
            yield f"file {name} changed"
    for name in sorted(set(before["settings"]) | set(parts["settings"])):
        if before["settings"].get(name) != parts["settings"].get(name):
            yield f"{WORDS.get(name, name)} changed"
    if before["mounts"] != parts["mounts"]:
        yield "mounts changed"
    if before["networks"] != parts["networks"]:
        yield "egress changed"
