"""Refusals of a plan, all at once, and advice."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from deploy.agent.line import Line
from deploy.deployment.folders import Folder
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.errors import typed
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import HostFolder
from deploy.plan.backups import backup_advice
from deploy.plan.building import building_refusals
from deploy.plan.devices import device_advice, device_refusals, found_advice, lost_advice, windows_advice
from deploy.plan.disk import disk_refusals
from deploy.plan.docker import docker_refusals, docker_work
from deploy.plan.drives import drive_advice, drive_refusals
from deploy.plan.firewall import firewall_advice, firewall_refusals
from deploy.plan.models import model_advice, model_doubts, model_refusals
from deploy.plan.named import named_doubts, named_refusals
from deploy.plan.operation import Operation
from deploy.plan.owners import is_handed_over
from deploy.plan.places import place_advice, shared_refusals
from deploy.plan.published import address_refusals, moved_addresses, published_advice
from deploy.plan.shares import share_advice
from deploy.plan.sources import Files, source_refusals
from deploy.plan.toolkit import toolkit_advice, toolkit_refusals
from deploy.stack import HERE, Stack
from deploy.words import as_root, host_words, on_host

Refusal = tuple[str, str]
AMD64 = ("x86_64", "amd64")
"""Names of the only processor that images and wheels are pinned for; kit.lock's platform says the same."""


def refusals(
    deployment: Deployment, observation: Observation, operations: tuple[Operation, ...], files: Files
) -> tuple[Refusal, ...]:
    """Return the problem and the next step of every fault that a person must mend first."""
    changing = (
        *_root(observation),
        *disk_refusals(deployment, observation, operations),
        *address_refusals(deployment, observation),
        *source_refusals(deployment, observation, operations, files),
        *building_refusals(deployment, observation, operations),
    )
    return (
        *(changing if operations else ()),
        *model_refusals(deployment, observation),
        *named_refusals(deployment, observation),
        *_architecture(deployment, observation),
        *_denied(observation),
        *docker_refusals(deployment, observation),
        *firewall_refusals(deployment, observation),
        *_ports(deployment, observation),
        *_folders(deployment, observation),
        *device_refusals(deployment, observation),
        *toolkit_refusals(deployment, observation),
        *_older_than_data(deployment, observation),
        *drive_refusals(deployment, observation),
        *shared_refusals(deployment, observation),
    )


def advice(deployment: Deployment, observation: Observation) -> tuple[str, ...]:
    """Return advice to a person, without any refusal."""
    return (
        *_unreadable(deployment, observation),
        *_attached(observation),
        *printed(observation),
        *(
            f"{s.name} gets a way out to the network: {s.egress_cause}"
            for s in deployment.services
            if s.egress == "any"
        ),
        *(
            f"{listener.words} goes on beside this{listener.prospect}"
            for listener in observation.ports
            if listener.engine and not _is_wanted(deployment, listener.port)
        ),
        *_docker_advice(deployment, observation),
        *device_advice(deployment, observation),
        *toolkit_advice(deployment, observation),
        *lost_advice(deployment, observation),
        *found_advice(deployment, observation),
        *share_advice(deployment, observation),
        *windows_advice(deployment, observation),
        *published_advice(deployment, observation),
        *firewall_advice(observation),
        *model_advice(deployment, observation),
        *place_advice(deployment, observation),
        *drive_advice(deployment, observation),
        *named_doubts(deployment, observation),
        *backup_advice(deployment, observation),
        *_extra_files(deployment, observation),
    )


def doubts(deployment: Deployment, observation: Observation) -> tuple[str, ...]:
    """Return advice about values that could not be compared, or that the lock does not have yet."""
    return (
        *_unreadable(deployment, observation),
        *_attached(observation),
        *moved_addresses(deployment, observation),
        *lost_advice(deployment, observation),
        *found_advice(deployment, observation),
        *model_doubts(deployment, observation),
        *named_doubts(deployment, observation),
        *_extra_files(deployment, observation),
    )


def _extra_files(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield foreign files in the release's folder: the kit removes only files that it placed."""
    for path in observation.extra_files:
        yield f"{Stack(deployment.stack).root}/{path} does not belong to the release; remove it"


def printed(observation: Observation) -> Iterator[str]:
    """Yield the last log lines of each service that does not stay up."""
    for name, container in sorted(observation.services.items()):
        if container.log:
            yield "\n  ".join([f"{name} printed last:", *container.log])


def _unreadable(deployment: Deployment, observation: Observation) -> Iterator[str]:
    for service in deployment.services:
        if service.room and (problem := observation.settings_problem(service.name)):
            yield f"{service.name}: {problem}"


def _attached(observation: Observation) -> Iterator[str]:
    """Yield the containers from outside that reach into the stack; kit verify fails meanwhile."""
    return (f"{way.words}; {way.cure}" for way in observation.network.attached)


def _is_wanted(deployment: Deployment, number: int) -> bool:
    return any(port.host_port == number for service in deployment.services for port in service.ports)


def _docker_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    docker = observation.docker
    if docker.server and not docker.kit_installed and not docker.live_restore:
        yield (
            "this Docker is not the kit's own and stays as it is; with `live-restore: true` in /etc/docker/daemon.json"
            " its restart would stop no container"
        )
    work = docker_work(deployment, observation)
    if work.starts and not work.is_own and observation.systemd:
        yield "this Docker is not the kit's own; the kit starts it, at each boot too, and changes nothing else of it"


def _architecture(deployment: Deployment, observation: Observation) -> Iterator[Refusal]:
    processor = observation.architecture
    if deployment.services and processor and processor not in AMD64:
        host = host_words(observation.host)
        yield (
            f"the processor of {host} is {processor}, and kit.lock pins images and packages for amd64 alone",
            "run the stack on an amd64 machine",
        )


def _denied(observation: Observation) -> Iterator[Refusal]:
    if observation.docker.is_denied:
        yield f"cannot inspect Docker: {observation.docker.problem}", as_root(observation.host)


def _root(observation: Observation) -> Iterator[Refusal]:
    if not observation.root:
        engine = "" if observation.docker.server else f" ({observation.docker.problem or 'Docker is not there'})"
        yield f"changing {host_words(observation.host)} needs root{engine}", as_root(observation.host)


def _is_below(version: str, floor: str) -> bool:
    numbers = version.lstrip("v").split("+")[0].split("-")[0].split("~")[0]
    try:
        return Version(numbers) < Version(floor)
    except InvalidVersion:
        return False


def _ports(deployment: Deployment, observation: Observation) -> Iterator[Refusal]:
    if observation.docker.is_denied:
        # Who may listen there is the stack itself, which nobody can tell.
        return
    taken: dict[str, list[str]] = {}
    for service in deployment.services:
        for port in service.ports:
            for listener in observation.listeners(port.address, port.host_port):
                if listener.stack:
                    taken.setdefault(listener.stack, []).append(f"{port.host_port} ({service.name})")
                    continue
                yield (
                    f"port {port.host_port} of {service.name} is taken by {listener.words}",
                    f"stop it, or give {service.name} another `port:` in kit.yaml{listener.prospect}",
                )
    for stack, ports in taken.items():
        which = ", ".join(dict.fromkeys(ports))
        yield (
            f"the stack {stack} on {host_words(observation.host)} has taken the ports {which}",
            f"{_down(stack, observation.host)} takes it down and keeps its data; or write another `port:` for each",
        )


def _down(stack: str, host: str) -> str:
    """Return the line that takes another stack down; on another host, only its own kit.yaml can."""
    return f"`{Line('down', '--stack', stack)}`" if host == HERE else "the verb down with its own kit.yaml"


def _older_than_data(deployment: Deployment, observation: Observation) -> Iterator[Refusal]:
    for service in deployment.services:
        wrote = observation.data_versions.get(service.name)
        if service.data is not None and wrote and _is_below(service.data.version, wrote):
            copies = Stack(deployment.stack).copies(service.name)
            yield (
                f"{service.name} {service.data.version} would start on data that {wrote} wrote, and could damage it",
                f"keep {wrote} or newer; a copy of older data, if one was taken, lies in {copies}",
            )


def _folders(deployment: Deployment, observation: Observation) -> Iterator[Refusal]:
    for service in deployment.services:
        for folder in service.folders:
            seen = observation.folder(folder.host_path)
            is_strange = not is_handed_over(folder, observation)
            if seen.exists and is_strange and (seen.uid, seen.gid) != (folder.owner.uid, folder.owner.gid):
                yield _strange(service, folder, seen, on_host(observation.host))


def _strange(service: Service, folder: Folder, seen: HostFolder, on: str) -> Refusal:
    place = typed(folder.host_path)
    if folder.is_persons(service.owner):
        return (
            f"{folder.host_path} belongs to {seen.uid}:{seen.gid}, and kit.yaml gives it to {folder.owner}",
            f"type{on}: chown {folder.owner} {place}",
        )
    change = f"chown -R {folder.owner} {place}"
    return (
        f"{folder.host_path} belongs to {seen.uid}:{seen.gid}, and {service.name} runs as {folder.owner}",
        f'write `user: "{seen.uid}:{seen.gid}"` at {service.name} in kit.yaml, or type{on}: {change}'
        if seen.uid
        else f"no service runs as root; if what lies in it is {service.name}'s, type{on}: {change}",
    )
