"""NVIDIA's driver on a host: faults that a person has to mend first, each with its versions. The kit installs none."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.agent.docker.versions import is_older
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.hosts.observation.cards import Card, Nvidia
from deploy.hosts.observation.observe import Observation
from deploy.words import host_words, on_host

NVIDIA = "nvidia"
FLOOR, NEWER_FLOOR = "550", "570"
"""Oldest drivers for the back ends of the engines; the newer one for cards of the first and the last generations."""
OLD_CARDS = ((5, 0), (6, 2))
"""Compute capabilities of the cards before Volta that still compute."""
BLACKWELL = (10, 0)
FIRST_BLACKWELL_NUMBER = 0x2900
"""The numbers of earlier generations on the bus end at 28f8 (open-gpu-kernel-modules, README.md)."""
MISMATCH = "Driver/library version mismatch"
OPEN_LICENSE = "Dual MIT/GPL"
_OPEN_PACKAGES = "the open kernel modules (the packages of NVIDIA and Ubuntu that end in `-open`)"


def users_of(deployment: Deployment) -> list[str]:
    """Return the services that get cards of NVIDIA's."""
    return [service.name for service in deployment.services if is_nvidias(service)]


def nvidia_refusals(service: Service, observation: Observation) -> tuple[tuple[str, str], ...]:
    """Return the faults of NVIDIA's driver, if a service needs it and the host has the card."""
    cards, driver = _cards_for(service, observation), observation.nvidia
    if not is_nvidias(service) or not cards or driver is None:
        return ()
    if observation.wsl is not None:
        return tuple(_windows(service.name, cards, driver, observation))
    return tuple(_linux(service.name, cards, driver, observation))


def is_gone(service: Service, observation: Observation) -> bool:
    """Return True if NVIDIA's driver gives a service no card now, whatever it did before."""
    driver = observation.nvidia
    if not is_nvidias(service) or driver is None:
        return False
    is_loaded = driver.module is not None or observation.wsl is not None
    return not is_loaded or bool(driver.problem and MISMATCH not in driver.problem)


def is_nvidias(service: Service) -> bool:
    """Return True if a service gets cards of NVIDIA's."""
    return any(request.vendor == NVIDIA for request in service.device_requests)


def _cards_for(service: Service, observation: Observation) -> list[Card]:
    """Return the host's cards that a service gets, or all of them if that is not told."""
    cards = [card for card in observation.cards if card.vendor == NVIDIA]
    wanted = {name for request in service.device_requests for name in request.chosen}
    own = [card for number, card in enumerate(cards) if wanted & {str(number), (card.uuid or "").lower()}]
    return own or cards


def _windows(user: str, cards: list[Card], driver: Nvidia, observation: Observation) -> Iterator[tuple[str, str]]:
    if driver.problem:
        yield (
            f"{user} needs Windows' driver of NVIDIA's, and it answers: {driver.problem}",
            "update the driver in Windows, then `wsl --shutdown`; install no driver for Linux here",
        )
    yield from _too_old(user, cards, "update the driver in Windows; install no driver for Linux here", observation)


def _linux(user: str, cards: list[Card], driver: Nvidia, observation: Observation) -> Iterator[tuple[str, str]]:
    on, newest = on_host(observation.host), [card for card in cards if is_blackwell(card)]
    first = (newest or cards)[0]
    name = first.card or "an NVIDIA card"
    if driver.module is None:
        held = f", which {first.driver} drives" if first.driver else ""
        yield (
            f"{user} needs NVIDIA's driver, and {host_words(observation.host)} has none loaded for {name}{held}",
            f"install {_wanted(cards)}{on}, reboot, then run the same command again; the kit installs no driver",
        )
    elif driver.library or MISMATCH in driver.problem:
        library = driver.library or "another version"
        yield (
            f"NVIDIA's library is {library}, the loaded kernel module {driver.module}: the driver changed meanwhile",
            f"reboot {host_words(observation.host)}",
        )
    elif newest and driver.is_open is False:
        there = driver.license == OPEN_LICENSE
        step = "the open ones are installed and not loaded: reboot" if there else f"install {_OPEN_PACKAGES}, reboot"
        yield (
            f"{name} computes with NVIDIA's open kernel modules alone, and the closed ones {driver.module} are loaded",
            f"{step}; from {NEWER_FLOOR} on they drive it",
        )
    elif driver.problem:
        yield (
            f"{user} needs NVIDIA's driver {driver.module}, and it answers: {driver.problem}",
            f"see what the kernel says{on}: dmesg | grep NVRM",
        )
    else:
        yield from _too_old(user, cards, f"install {_wanted(cards)}{on}, reboot", observation)


def _too_old(user: str, cards: list[Card], step: str, observation: Observation) -> Iterator[tuple[str, str]]:
    for card in cards:
        floor = floor_of(card)
        if card.driver and card.driver[:1].isdigit() and is_older(card.driver, floor):
            words = f"{card.card or 'the card'} needs {floor} or newer for {user}"
            yield f"NVIDIA's driver {card.driver} on {host_words(observation.host)} is too old: {words}", step
            return


def floor_of(card: Card) -> str:
    """Return the oldest driver for a card."""
    compute = _compute(card)
    is_old = compute is not None and OLD_CARDS[0] <= compute <= OLD_CARDS[1]
    return NEWER_FLOOR if is_old or is_blackwell(card) else FLOOR


def is_blackwell(card: Card) -> bool:
    """Return True for a card of Blackwell or a later generation, which the open kernel modules alone drive."""
    compute = _compute(card)
    if compute is not None:
        return compute >= BLACKWELL
    # Closed modules leave the card alone, so that the driver tells nothing of it.
    number = (card.ids or "").partition(":")[2]
    return bool(number) and int(number, 16) >= FIRST_BLACKWELL_NUMBER


def _compute(card: Card) -> tuple[int, ...] | None:
    parts = (card.compute or "").split(".")
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else None


def _wanted(cards: list[Card]) -> str:
    floor = max(map(floor_of, cards))
    opened = f", with {_OPEN_PACKAGES}" if any(map(is_blackwell, cards)) else ""
    return f"NVIDIA's driver {floor} or newer{opened}"
