"""NVIDIA's driver on a host: faults that a person has to mend first, each with its versions. The kit installs none."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.agent.contract.hardware import MISMATCH, is_silent
from deploy.agent.docker.versions import is_older
from deploy.deployment.cards import CHOOSING
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.hosts.observation.cards import Card, Nvidia
from deploy.hosts.observation.observe import Observation
from deploy.words import host_words, on_host

NVIDIA = "nvidia"
FLOOR, NEWER_FLOOR = "550", "570"
"""Oldest drivers for the back ends of the engines; the newer one for cards of the first and the last generations."""
LEAST, VOLTA, BLACKWELL = (5, 0), (7, 0), (10, 0)
"""Compute capabilities: the least that engines compute on, and the first of two generations."""
FIRST_NUMBERS = ((0x2900, BLACKWELL), (0x1D81, VOLTA), (0x1340, LEAST), (0, (0, 0)))
"""First numbers of generations on the bus, for a card of which no driver tells: pci.ids has Maxwell from 1340 on and
Volta from 1d81 on; the numbers before Blackwell end at 28f8 (open-gpu-kernel-modules, README.md)."""
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
    if weak := tuple(_too_weak(service.name, cards)):
        return weak
    able = [card for card in cards if computes(card)]
    if observation.wsl is not None:
        return tuple(_windows(service.name, able, driver, observation))
    return tuple(_linux(service.name, able, driver, observation))


def is_gone(service: Service, observation: Observation) -> bool:
    """Return True if NVIDIA's driver gives a service no card now, whatever it did before."""
    driver = observation.nvidia
    if not is_nvidias(service) or driver is None:
        return False
    return is_silent(driver.module, driver.problem, is_wsl=observation.wsl is not None)


def is_nvidias(service: Service) -> bool:
    """Return True if a service gets cards of NVIDIA's."""
    return any(request.vendor == NVIDIA for request in service.device_requests)


def _cards_for(service: Service, observation: Observation) -> list[Card]:
    """Return the host's cards that a service gets, or all of them if that is not told."""
    cards = [card for card in observation.cards if card.vendor == NVIDIA]
    # A container of WSL has all cards, and its program chooses.
    written = dict(service.environment).get(CHOOSING[NVIDIA], "").lower().split(",")
    wanted = {*written, *(name for request in service.device_requests for name in request.chosen)} - {""}
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
    return FLOOR if VOLTA <= (_compute(card) or VOLTA) < BLACKWELL else NEWER_FLOOR


def is_blackwell(card: Card) -> bool:
    """Return True for a card of Blackwell or a later generation, which the open kernel modules alone drive."""
    return (_compute(card) or VOLTA) >= BLACKWELL


def computes(card: Card) -> bool:
    """Return False for an NVIDIA card on which no engine computes, whatever its driver."""
    return (_compute(card) or LEAST) >= LEAST


def _compute(card: Card) -> tuple[int, ...] | None:
    """Return a card's compute capability, or its generation's first one if no driver tells it; None if unknown."""
    parts = (card.compute or "").split(".")
    if all(part.isdigit() for part in parts):
        return tuple(map(int, parts))
    # Closed modules leave a new card alone, so that the driver tells nothing of it.
    number = (card.ids or "").partition(":")[2]
    return next(first for least, first in FIRST_NUMBERS if int(number, 16) >= least) if number else None


def _too_weak(user: str, cards: list[Card]) -> Iterator[tuple[str, str]]:
    """Yield the cards on which no engine computes, if there is no other one."""
    weak = [card for card in cards if not computes(card)]
    if weak and len(weak) == len(cards):
        told = f" (compute capability {weak[0].compute})" if weak[0].compute else ""
        yield (
            f"{weak[0].card or 'the NVIDIA card'}{told} is too old for {user}, which computes from capability 5.0 on",
            f"take another card, or none, at {user} in kit.yaml; no driver changes that",
        )


def _wanted(cards: list[Card]) -> str:
    floor = max(map(floor_of, cards))
    opened = f", with {_OPEN_PACKAGES}" if any(map(is_blackwell, cards)) else ""
    return f"NVIDIA's driver {floor} or newer{opened}"
