"""Graphics cards of hosts, from the hosts themselves; an entry of kit.lock for each service that needs one.

An engine with `gpu: auto` needs the vendor; a service on NVIDIA's cards needs the form in which its host's Docker hands
them over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import CARDS
from deploy.agent.docker.versions import is_older
from deploy.deployment.cards import CDI_FLOOR, LEAST_AMD, WSL_NODE, unknown_cards
from deploy.errors import KitError
from deploy.fields.engine import EngineSpec
from deploy.fields.gpu import CardUse, GpuSpec, Vendor
from deploy.hosts.observation.cards import Card as SeenCard
from deploy.hosts.reach import Hosts
from deploy.lock.model import CardLock, CardsLock, Lock
from deploy.plan.nvidia import computes
from deploy.spec.model import Spec
from deploy.spec.placed import services
from deploy.words import host_words

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Request
    from deploy.agent.contract.hardware import Card, CardsAnswer

ASKING = ("auto", "nvidia")
COMMON = ("/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidiactl")
"""Device files of NVIDIA's driver beside the cards' own."""
MODESET = "/dev/nvidia-modeset"
INTEGRATED = "0000:00:02.0"
"""Address of the graphics inside each of Intel's processors, which compute slower than the processor itself."""


def users_of(spec: Spec) -> dict[str, tuple[str, CardUse]]:
    """Return the services that need an entry, each with its host."""
    used = {service.name: (service.host, service.spec.card_use) for service in services(spec)}
    return {name: (host, use) for name, (host, use) in used.items() if use is not None and use.gpu in ASKING}


def answered(spec: Spec, gpus: Mapping[str, CardsLock]) -> Spec:
    """Return the spec with the lock's answers in place of `gpu: auto`."""
    wanted = {name: gpus[name] for name in users_of(spec) if name in gpus}
    engines = tuple(_answered(engine, wanted.get(engine.name)) for engine in spec.engines)
    return spec.model_copy(update={"engines": engines}) if wanted else spec


def _answered(engine: EngineSpec, entry: CardsLock | None) -> EngineSpec:
    if entry is None or not isinstance(engine, GpuSpec) or engine.gpu != "auto":
        return engine
    return engine.model_copy(update={"gpu": entry.vendor, "gpu_groups": engine.gpu_groups or entry.groups})


def cards_fault(use: CardUse, entry: CardsLock) -> str:
    """Return the difference between an entry and its service; empty if they agree."""
    if use.gpu not in ("auto", entry.vendor):
        return f"is locked for {entry.vendor}; kit.yaml says {use.gpu}"
    if entry.vendor != "nvidia":
        return ""
    if twice := _second_name(use, entry):
        return f"is locked for a card of which {twice} is a second name"
    if entry.given.is_wsl:
        return ""
    try:
        entry.given.chosen(use.devices)
    except KeyError as missing:
        return f"is locked for cards without {missing.args[0]}"
    return ""


def _second_name(use: CardUse, entry: CardsLock) -> str:
    """Return a number or UUID of a card that is chosen by its other name as well; empty without one."""
    uuids = [uuid.lower() for uuid in entry.given.uuids(use.devices)]
    return next((card for place, card in enumerate(use.devices) if uuids[place] in uuids[:place]), "")


def missing_cards(spec: Spec, lock: Lock) -> dict[str, str]:
    """Return the services whose entry is missing or does not fit, each with the fault."""
    faults = {
        name: cards_fault(use, lock.gpus[name]) if name in lock.gpus else "is not locked yet"
        for name, (_, use) in users_of(spec).items()
    }
    return {name: fault for name, fault in faults.items() if fault}


@dataclass(frozen=True)
class Asked:
    """Answers of the hosts about their cards."""

    entries: dict[str, CardsLock] = field(default_factory=dict)
    """Service to its entry."""
    lacks_toolkit: bool = False
    """True if a host with NVIDIA's cards has no container toolkit, or one in packages that the kit may change."""


def asked_cards(spec: Spec, kept: Mapping[str, CardsLock], hosts: Hosts) -> Asked:
    """Ask the hosts of services whose entry is not kept; another host is not asked."""
    missing = {name: pair for name, pair in users_of(spec).items() if name not in kept}
    if not missing:
        return Asked()
    nothing: Request = {}
    asked = {host for host, _ in missing.values()}
    told = hosts.each(lambda host, transport: transport.call(CARDS, nothing) if host in asked else None)
    entries: dict[str, CardsLock] = {}
    for name, (host, use) in missing.items():
        answer = told[host]
        if answer is not None:
            entries[name] = _entry(name, use, answer, host)
    lacks = [_lacks_toolkit(spec, host, answer) for host, answer in told.items() if answer is not None]
    return Asked(entries, any(lacks))


def _lacks_toolkit(spec: Spec, host: str, answer: CardsAnswer) -> bool:
    driver = answer["nvidia"]
    if driver is None or not driver["has_ctk"]:
        return driver is not None
    # A toolkit beside somebody else's Docker stays theirs, and one that is not in packages.
    is_managed = host in spec.hosts and spec.hosts[host].manage
    is_kits = answer["docker"] is None or answer["kit_installed"] or is_managed
    return is_kits and bool(driver["packages"])


def _entry(name: str, use: CardUse, answer: CardsAnswer, host: str) -> CardsLock:
    vendor = likeliest(answer) if use.gpu == "auto" else "nvidia"
    if vendor != "nvidia":
        _ensure_chosen(name, use, vendor, answer, host)
        return CardsLock(vendor=vendor, groups=_groups(vendor, answer))
    own = [card for card in answer["cards"] if card["vendor"] == "nvidia"]
    if not own:
        cure = "put the card in" if answer["wsl"] is None else "install its driver in Windows, none for Linux here"
        raise KitError(
            f"{name} needs a card of NVIDIA's, and {host_words(host)} shows none",
            f"{cure}, or write `{use.instead}` at {name} in kit.yaml",
        )
    entry = _nvidia(own, answer)
    if twice := _second_name(use, entry):
        raise KitError(f"{name}: {twice} is a card that `devices` names already", "keep one of its names in kit.yaml")
    if fault := cards_fault(use, entry):
        seen = ", ".join(f"{number} ({card.uuid or 'UUID unknown'})" for number, card in enumerate(entry.cards))
        raise KitError(
            f"{name}: {fault.removeprefix('is locked for cards without ')} is no card of {host_words(host)}",
            f"write one of its cards as `devices:` at {name} in kit.yaml: {seen}",
        )
    return entry


def _ensure_chosen(name: str, use: CardUse, vendor: Vendor, answer: CardsAnswer, host: str) -> None:
    """Refuse chosen cards that the host's answer to `gpu: auto` has not."""
    # Intel's cards are numbered among all those of the host.
    own = [card for card in answer["cards"] if vendor in ("intel", card["vendor"])] if vendor != "none" else []
    names = [card for card in use.devices if vendor == "intel" and not card.isdigit()]
    if missing := names or unknown_cards(use.devices, [card["uuid"] for card in own]):
        seen = f"cards of {vendor}" if own else "no card"
        raise KitError(
            f"{name}: {missing[0]} is no card of {host_words(host)}, where `gpu: auto` finds {seen}",
            f"write the cards of that host as `devices:` at {name} in kit.yaml, or leave it out",
        )


def likeliest(answer: CardsAnswer) -> Vendor:
    """Return the vendor of the cards that `gpu: auto` means."""
    files = {node["path"] for node in answer["devices"]}
    renders = any(path.startswith("/dev/dri/") for path in files)
    vendors: list[Vendor] = ["none"]
    if renders and any(card["vendor"] == "intel" and card["pci"] != INTEGRATED for card in answer["cards"]):
        vendors.append("intel")
    amd = [card["memory_bytes"] or 0 for card in answer["cards"] if card["vendor"] == "amd"]
    if renders and "/dev/kfd" in files and max(amd, default=0) >= LEAST_AMD:
        vendors.append("amd")
    if any(card["vendor"] == "nvidia" and computes(SeenCard(**card)) for card in answer["cards"]):
        vendors.append("nvidia")
    return vendors[-1]


def _groups(vendor: Vendor, answer: CardsAnswer) -> tuple[int, ...]:
    """Return the groups of the vendor's device files; root's own group would open more than a card."""
    folders = {"amd": ("/dev/kfd", "/dev/dri/"), "intel": ("/dev/dri/",)}.get(vendor, ())
    return tuple(
        sorted({node["gid"] for node in answer["devices"] if node["gid"] and node["path"].startswith(folders)})
    )


def _nvidia(own: list[Card], answer: CardsAnswer) -> CardsLock:
    docker = answer["docker"]
    is_cdi = docker is not None and not is_older(docker, CDI_FLOOR)
    is_wsl = answer["wsl"] is not None
    cards = tuple(
        CardLock(uuid=card["uuid"] or "", node="" if is_wsl else card["node"] or f"/dev/nvidia{number}")
        for number, card in enumerate(own)
    )
    there = answer["nvidia"]["nodes"] if answer["nvidia"] else []
    nodes = (*COMMON, *((MODESET,) if MODESET in there else ()))
    return CardsLock(
        vendor="nvidia",
        form="cdi" if is_cdi else "classic",
        nodes=(WSL_NODE,) if is_wsl else tuple(sorted(nodes)),
        cards=cards,
    )
