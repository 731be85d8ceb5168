"""Devices that containers need: they must exist, and a service that is not root must be able to open them."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.agent.docker.versions import is_older
from deploy.agent.line import Line
from deploy.deployment.cards import CDI, CDI_FLOOR, CHOOSING, GPU, LEAST_AMD, unknown_cards
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.errors import typed
from deploy.hosts.observation.cards import DeviceNode
from deploy.hosts.observation.observe import Observation
from deploy.plan.docker import DAEMON_JSON
from deploy.plan.nvidia import NVIDIA, computes, is_gone, nvidia_refusals
from deploy.words import host_words, on_host

IN_WINDOWS = "install the card's driver in Windows, then `wsl --shutdown`; install no driver for Linux here"
CDI_WORDS = "by CDI's names ({names}): Docker {version} knows them, and systemd's daemon-reload takes no card away"
CLASSIC_WORDS = "by Docker's driver nvidia, with their device files by name against systemd's daemon-reload: {why}"


def device_refusals(deployment: Deployment, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield every device that is missing, or closed to its service."""
    gone, told = lost_cards(deployment, observation), set[str]()
    for service in deployment.services:
        if service.name in gone:
            continue
        driverless = nvidia_refusals(service, observation)
        # One driver serves them all: what mends it is told once.
        yield from (fault for fault in driverless if fault[1] not in told)
        told |= {step for _, step in driverless}
        if not driverless:
            yield from missing_devices(service, observation)
        yield from _unknown_names(service, observation)
        seen = [node for device in service.host_devices for node in observation.devices.get(device.nodes, ())]
        yield from _closed(service, seen, observation.host)


def missing_devices(service: Service, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield the cards and device files that a service needs and the host lacks."""
    host, vendors = host_words(observation.host), {card.vendor for card in observation.cards}
    for request in service.device_requests:
        if request.vendor not in vendors:
            step = request.next_step if observation.wsl is None else IN_WINDOWS
            yield f"{service.name} needs a card of {request.vendor}, and {host} has none", step
            return
    yield from _missing_choice(service, observation)
    for device in service.host_devices:
        if not observation.devices.get(device.nodes):
            yield f"{service.name} needs {device.nodes}, and {host} has none", device.next_step


def lost_cards(deployment: Deployment, observation: Observation) -> dict[str, str]:
    """Return the services whose card was there when they were verified and is gone, each in words."""
    if not observation.good or observation.docker.is_denied:
        return {}
    lost: dict[str, str] = {}
    for service in deployment.services:
        if service.name not in observation.services or not _had_devices(service, observation):
            continue
        silent = nvidia_refusals(service, observation) if is_gone(service, observation) else ()
        missing = [f"{problem} any more" for problem, _ in missing_devices(service, observation)]
        if told := [*(problem for problem, _ in silent), *missing]:
            lost[service.name] = told[0]
    return lost


def device_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield the form in which each service gets NVIDIA's cards, with the reason."""
    version = observation.docker.version
    for service in deployment.services:
        for request in service.device_requests:
            if request.driver == CDI and version and is_older(version, CDI_FLOOR):
                continue
            if request.driver == CDI:
                words = CDI_WORDS.format(names=", ".join(request.device_ids), version=version or "there")
            elif version is None:
                words = CLASSIC_WORDS.format(why="every Docker knows it, and this host has none yet")
            elif is_older(version, CDI_FLOOR):
                words = CLASSIC_WORDS.format(why=f"Docker {version} needs a setting for CDI's names, {CDI_FLOOR} none")
            else:
                words = CLASSIC_WORDS.format(
                    why=f"kit.lock says so; Docker {version} knows CDI's names, and `{Line('lock', '--upgrade', GPU)}`"
                    " takes them"
                )
            yield f"{service.name} gets its NVIDIA cards {words}"


def windows_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield what the networking of WSL does to published ports."""
    if observation.wsl == "mirrored" and any(service.ports for service in deployment.services):
        yield (
            "WSL runs with networkingMode=mirrored, which breaks the ports that Docker publishes: Windows itself, or"
            " localhost, may not reach them; write networkingMode=nat to .wslconfig in Windows, then"
            " type there: wsl --shutdown"
        )


def found_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield the engines that kit.lock keeps on the CPU although the host has a card now."""
    cards = [
        card
        for card in observation.cards
        if (card.vendor == NVIDIA and computes(card))
        or (card.vendor == "amd" and (card.memory_bytes or 0) >= LEAST_AMD)
    ]
    host, ask = host_words(observation.host), Line("lock", "--upgrade", GPU)
    for name in deployment.on_cpu if cards else ():
        yield f"{name} computes on the CPU, as kit.lock says, and {host} has {cards[0].words} now; `{ask}` takes it"


def lost_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield every card that vanished since its service was verified."""
    for name, problem in lost_cards(deployment, observation).items():
        yield f"{problem}: {name} stays as it is until the card is back, and `{Line('verify')}` fails"


def _had_devices(service: Service, observation: Observation) -> bool:
    """Return True if the service had devices in the current release."""
    services = observation.manifest["services"] if observation.manifest else {}
    return bool({"devices", "deploy"} & services.get(service.name, {}).get("settings", {}).keys())


def _missing_choice(service: Service, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield the chosen cards that the host does not have."""
    chosen = {request.vendor: request.chosen for request in service.device_requests}
    written = dict(service.environment)
    chosen |= {vendor: tuple(written[name].split(",")) for vendor, name in CHOOSING.items() if name in written}
    for vendor, cards in chosen.items():
        # Intel's cards are numbered among all those of the host.
        there = [card for card in observation.cards if vendor in ("intel", card.vendor)]
        if unknown := unknown_cards(cards, [card.uuid for card in there]):
            seen = ", ".join(f"{number} ({card.uuid or 'UUID unknown'})" for number, card in enumerate(there))
            yield (
                f"{service.name} needs the card {unknown[0]}, and {host_words(observation.host)} does not have it",
                f"write one of its cards as `devices:` at {service.name} in kit.yaml: {seen or 'there is none'}",
            )
            return


def _unknown_names(service: Service, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield the faults of a container whose cards have CDI's names."""
    version = observation.docker.version
    for request in service.device_requests:
        if request.driver == CDI and version and is_older(version, CDI_FLOOR):
            yield (
                f"{service.name} gets its cards by CDI's names, and Docker {version} knows none: {CDI_FLOOR} does",
                f"type: {Line('lock', '--upgrade', GPU)}",
            )
        elif request.driver == CDI and _is_cdi_off(observation):
            yield (
                f"{service.name} gets its cards by CDI's names, and {DAEMON_JSON} has them off (`cdi: false`)",
                f"take `cdi` out of its `features` and restart Docker{on_host(observation.host)}",
            )


def _is_cdi_off(observation: Observation) -> bool:
    features = (observation.daemon_json or {}).get("features")
    return isinstance(features, dict) and features.get("cdi") is False


def _closed(service: Service, nodes: list[DeviceNode], host: str) -> Iterator[tuple[str, str]]:
    uid, own = service.owner.uid, service.owner.gid
    closed = [node for node in nodes if not node.is_open_to(uid, {own, *service.groups})]
    # Root's own group would open more than a card.
    by_group = [node for node in closed if node.gid and node.is_open_to(uid, {node.gid})]
    if by_group:
        wanted = {node.gid for node in nodes if node.gid and not node.is_open_to(uid, {own})}
        listed = ", ".join(str(gid) for gid in sorted(wanted))
        belongs = ", ".join(f"{node.path} belongs to group {node.gid}" for node in by_group)
        yield (
            f"{service.name} may not open its devices: {belongs} on {host_words(host)}",
            f"write `gpu_groups: [{listed}]` at {service.name} in kit.yaml",
        )
    for node in closed:
        if node not in by_group:
            held, path = f"mode {node.mode}, group {node.gid}", typed(node.path)
            yield (
                f"{service.name} may not open {node.path}: no group but root's may ({held})",
                f"type{on_host(host)}: chgrp render {path} && chmod 0660 {path}; a rule of udev keeps it so",
            )
