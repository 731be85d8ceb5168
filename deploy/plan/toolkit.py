"""Decisions about NVIDIA's container toolkit: the plan prints them, and the role gpu_toolkit executes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploy.agent.docker.versions import is_older
from deploy.agent.line import Line
from deploy.deployment.cards import CDI, GPU, Toolkit
from deploy.deployment.host import Deployment
from deploy.hosts.observation.cards import Nvidia
from deploy.hosts.observation.observe import Observation
from deploy.plan.devices import lost_cards
from deploy.plan.docker import DAEMON_JSON, docker_work
from deploy.plan.nvidia import NVIDIA, users_of
from deploy.plan.operation import Operation
from deploy.words import host_words, on_host

RUNTIME = "nvidia"
LIVE_CDI, KEPT_CDI = "/var/run/cdi/nvidia.yaml", "/etc/cdi/nvidia.yaml"
"""Files of CDI's names: the first is gone after a boot, at which the toolkit's own unit of systemd makes it anew."""
LEGACY_MODES = ("", "auto", "legacy")
"""Modes in which the toolkit's hook works; in another one it refuses (NVIDIA/nvidia-container-toolkit issue 1246)."""
RENEWING = "1.18"
"""First toolkit with that unit."""


@dataclass(frozen=True)
class ToolkitWork:
    """Work on a host for NVIDIA's cards; empty if all is there, or Docker is somebody else's."""

    installs: Toolkit | None = None
    """The toolkit to install; None leaves the installed packages as they are."""
    configures: bool = False
    """True if daemon.json gets NVIDIA's runtime, and Docker a restart."""
    cdi: str = ""
    """File that gets CDI's names of the cards; empty leaves them as they are."""


def may_change(deployment: Deployment, observation: Observation) -> bool:
    """Return True if Docker is the kit's, or was handed over by `manage: true`."""
    return deployment.manages_docker or docker_work(deployment, observation).is_own


def toolkit_work(deployment: Deployment, observation: Observation) -> ToolkitWork:
    """Decide by the host's observation."""
    seen = observation.nvidia
    if not users_of(deployment) or seen is None or not may_change(deployment, observation):
        return ToolkitWork()
    pinned = deployment.toolkit
    installs = pinned if pinned and dict(seen.packages) != pinned.versions else None
    needs_names = _missing_names(deployment, observation, seen) or _stale_names(deployment, seen)
    return ToolkitWork(
        installs=installs,
        configures=_is_classic(deployment) and not _has_runtime(observation),
        cdi=_cdi_file(observation, seen, installs) if needs_names else "",
    )


def toolkit_operations(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    """Yield the operations on the toolkit, behind those on Docker."""
    work, seen = toolkit_work(deployment, observation), observation.nvidia
    if work.installs is not None and seen is not None:
        have = ", ".join(sorted(set(seen.packages.values())))
        cause = f"{have} is there, kit.lock pins {work.installs.version}" if have else "not on host"
        yield Operation("nvidia container toolkit", "install", cause, "gpu_toolkit")
    if work.configures:
        stops = "" if observation.docker.live_restore else ", which stops its containers for a moment"
        cause = f"not in daemon.json; Docker restarts{stops}"
        yield Operation("docker runtime nvidia", "set", cause, "gpu_toolkit")
    if work.cdi:
        stale = seen and _stale_names(deployment, seen)
        yield Operation(f"cdi names {work.cdi}", "create", stale or "not on host", "gpu_toolkit")


def toolkit_refusals(deployment: Deployment, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield the faults of the toolkit that the kit may not mend, or not without a pin in kit.lock."""
    users, seen = users_of(deployment), observation.nvidia
    if not users or seen is None:
        return
    if _is_classic(deployment) and seen.mode not in LEGACY_MODES:
        where, mend = (
            host_words(observation.host),
            "nvidia-ctk config --set nvidia-container-runtime.mode=auto --in-place",
        )
        problem = f"NVIDIA's container toolkit on {where} has the mode {seen.mode}, in which {users[0]} gets no card"
        yield f"{problem} by Docker's driver nvidia", f"type{on_host(observation.host)}: {mend}"
    if may_change(deployment, observation):
        if toolkit_work(deployment, observation).configures and (fault := _unmergeable(deployment, observation)):
            yield f"{DAEMON_JSON}, {fault}", "correct it, for NVIDIA's runtime is added to it; then try again"
        if deployment.toolkit is None and not seen.has_ctk:
            yield (
                f"{users[0]} needs NVIDIA's container toolkit, and kit.lock pins none",
                f"type: {Line('lock', '--upgrade', GPU)}",
            )
        return
    host, on = host_words(observation.host), on_host(observation.host)
    manage = f"write `hosts: {{{observation.host}: {{manage: true}}}}` in kit.yaml to let the kit do it"
    if not seen.has_ctk:
        yield (
            f"{users[0]} needs NVIDIA's container toolkit, {host} has none, and its Docker is not the kit's own",
            f"{manage}, or install the packages of nvidia-container-toolkit{on}, then restart Docker",
        )
        return
    generate = f"{manage}, or type{on}: nvidia-ctk cdi generate --output={_cdi_file(observation, seen)}"
    if _missing_names(deployment, observation, seen):
        problem = f"{users[0]} gets its cards by CDI's names, {host} has none, and its Docker is not the kit's own"
        yield problem, generate
    elif stale := _stale_names(deployment, seen):
        yield f"CDI's names of the cards on {host} are {stale}, and its Docker is not the kit's own", generate


def toolkit_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield what a Docker of somebody else's lacks, and that it is changed where it was handed over."""
    work = toolkit_work(deployment, observation)
    if deployment.manages_docker and not docker_work(deployment, observation).is_own and work != ToolkitWork():
        yield "this Docker is not the kit's own, and `manage: true` lets the kit change it for NVIDIA's cards"
    seen = observation.nvidia
    is_foreign = users_of(deployment) and not may_change(deployment, observation)
    if is_foreign and seen is not None and seen.has_ctk and _is_classic(deployment) and not _has_runtime(observation):
        yield (
            f"{DAEMON_JSON} of this Docker, which is not the kit's own, has no runtime nvidia; if no card is given,"
            f" type{on_host(observation.host)}: nvidia-ctk runtime configure --runtime=docker, then restart Docker"
        )


def _is_classic(deployment: Deployment) -> bool:
    return any(request.driver == NVIDIA for service in deployment.services for request in service.device_requests)


def _unmergeable(deployment: Deployment, observation: Observation) -> str:
    """Return the fault of a daemon.json that takes no runtime; empty if another refusal tells it."""
    docker, settings = observation.docker, observation.daemon_json or {}
    if docker.daemon_json_problem:
        work = docker_work(deployment, observation)
        return "" if work.is_own or work.starts else docker.daemon_json_problem
    return "" if isinstance(settings.get("runtimes", {}), dict) else "`runtimes` is no mapping, `{...}`"


def _has_runtime(observation: Observation) -> bool:
    runtimes = (observation.daemon_json or {}).get("runtimes")
    return isinstance(runtimes, dict) and RUNTIME in runtimes


def _missing_names(deployment: Deployment, observation: Observation, seen: Nvidia) -> set[str]:
    """Return the CDI names that services ask for and the host does not have; a card that is gone gets none."""
    gone = lost_cards(deployment, observation)
    wanted = {
        name
        for service in deployment.services
        for request in service.device_requests
        if request.driver == CDI and service.name not in gone
        for name in request.device_ids
    }
    return wanted - set(seen.cdi)


def _stale_names(deployment: Deployment, seen: Nvidia) -> str:
    """Return what CDI's names were made for if that is another driver than the loaded one: its libraries are gone."""
    is_stale = seen.cdi_driver and seen.module and seen.cdi_driver != seen.module
    return (
        f"made for driver {seen.cdi_driver}, and {seen.module} is loaded"
        if is_stale and _uses_names(deployment)
        else ""
    )


def _uses_names(deployment: Deployment) -> bool:
    return any(request.driver == CDI for service in deployment.services for request in service.device_requests)


def _cdi_file(observation: Observation, seen: Nvidia, installs: Toolkit | None = None) -> str:
    versions = [installs.version] if installs else sorted(seen.packages.values())
    is_renewed = observation.systemd and bool(versions) and not is_older(versions[0], RENEWING)
    return LIVE_CDI if is_renewed else KEPT_CDI
