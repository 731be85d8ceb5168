"""Devices of a service with a graphics card, whatever its program."""

from __future__ import annotations

from typing import Any

from deploy.components.room import Site
from deploy.deployment.cards import CDI, CDI_KIND, CHOOSING
from deploy.deployment.memory import CardLoad, ModelMemory
from deploy.deployment.service import Device, DeviceRequest
from deploy.fields.gpu import CardUse, GpuSpec
from deploy.fit.shape import UNREAD

_INSTEAD = "or write `{instead}` at {name} in kit.yaml"
_STEPS = {
    "nvidia": "install NVIDIA's driver and reboot",
    "amd": "load AMD's driver (`modprobe amdgpu`, firmware-amd-graphics)",
    "intel": "load Intel's driver (`modprobe xe`, or i915 for older cards)",
}


def devices_of(use: CardUse | None, name: str, site: Site) -> tuple[Device | DeviceRequest, ...]:
    """Return the devices of a service's container."""
    if use is None:
        return ()
    step = f"{_STEPS[use.gpu]}, {_INSTEAD.format(instead=use.instead, name=name)}"
    if use.gpu == "nvidia":
        return _nvidia(use, step, site)
    # Render nodes compute; the other nodes of the cards' folder only show a picture. ROCm opens /dev/kfd too.
    rocm = (Device("/dev/kfd", "/dev/kfd", step),) if use.gpu == "amd" else ()
    return (*rocm, Device("/dev/dri", "/dev/dri/renderD*", step))


def groups_of(spec: GpuSpec) -> tuple[int, ...]:
    """Return the host's groups that open the devices."""
    return tuple(sorted(set(spec.gpu_groups))) if spec.gpu in ("amd", "intel") else ()


def card_environment(spec: GpuSpec, site: Site) -> tuple[tuple[str, str], ...]:
    """Return the variables by which a program chooses among the cards that its container has."""
    if not spec.devices or spec.gpu not in CHOOSING:
        return ()
    names = spec.devices
    if spec.gpu == "nvidia":
        # A container gets NVIDIA's chosen cards alone, but for one of WSL, which gets all cards of Windows.
        if site.cards is None or not site.cards.is_wsl:
            return ()
        # CUDA numbers the fastest card first, nvidia-smi the one with the lowest address.
        names = site.cards.uuids(names)
    return ((CHOOSING[spec.gpu], ",".join(names)),)


def card_load(use: CardUse | None, models: tuple[ModelMemory, ...] = (), **settings: Any) -> CardLoad | None:
    """Return what a service loads on its cards; None without any."""
    return None if use is None else CardLoad(use.gpu, use.devices, models, **settings)


def model_memory(site: Site, model: str, **settings: Any) -> ModelMemory:
    """Return a model with the settings that its memory depends on."""
    shape = site.shapes.get(model, UNREAD)
    known, unknown = (None, shape) if isinstance(shape, str) else (shape, "")
    return ModelMemory(model, known, unknown, **settings)


def _nvidia(use: CardUse, step: str, site: Site) -> tuple[Device | DeviceRequest, ...]:
    cards = site.cards
    if cards is None:
        raise TypeError("kit.lock has no cards for it")
    wanted = () if cards.is_wsl else use.devices
    if cards.is_cdi:
        # CDI's names know capitals from small letters.
        uuids = {card.uuid.lower(): card.uuid for card in cards.cards}
        names = tuple(f"{CDI_KIND}={uuids.get(device.lower(), device)}" for device in wanted) or (f"{CDI_KIND}=all",)
        return (DeviceRequest("nvidia", CDI, step, names),)
    # A card that a hook of Docker's adds is unknown to systemd, whose daemon-reload takes it away again.
    nodes = dict.fromkeys((*(card.node for card in cards.chosen(wanted) if card.node), *cards.nodes))
    load = "create it (as root: nvidia-modprobe -u -c=0), as the udev rules of NVIDIA's driver do at each boot"
    load = "update WSL (in Windows: wsl --update)" if cards.is_wsl else load
    return (*(Device(node, node, load) for node in nodes), DeviceRequest("nvidia", "nvidia", step, tuple(wanted)))
