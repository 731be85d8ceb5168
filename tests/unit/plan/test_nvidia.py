"""Faults of NVIDIA's driver, from recorded words of the kernel and of nvidia-smi; no machine here has such a card.

The words come from these public reports, shortened only at their ends:
[515] github.com/NVIDIA/open-gpu-kernel-modules issue 259: /proc/driver/nvidia/version and modinfo of open modules;
[closed] github.com/LukeShortCloud/rootpages issue 812: modinfo and version of closed modules, with 390.48's whole line
from a report of `cat /proc/driver/nvidia/version`;
[mismatch] github.com/tinygrad/open-gpu-kernel-modules issue 47 and github.com/intel/llvm issue 17614;
[none] github.com/NVIDIA/open-gpu-kernel-modules issue 872: an RTX 5090 under closed modules;
[silent] github.com/fady-saied/Nvidia-Fedora-Guide issue 9: the module is not loaded;
[lost] github.com/marian-nmt/marian issue 251: a card that fell off its bus;
[blocked] github.com/microsoft/WSL issue 14339: Windows lends no card.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy.agent.observing import nvidia as agent
from deploy.decide.resolve import resolve
from deploy.deployment.host import Deployment
from deploy.hosts.observation.cards import Card, DeviceNode, Nvidia
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker, OperatingSystem
from deploy.plan.devices import device_advice, device_refusals, lost_cards, windows_advice
from deploy.plan.nvidia import floor_of, is_blackwell, nvidia_refusals
from deploy.plan.toolkit import toolkit_work
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import UUIDS, lock_of

OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  575.51.03  Release Build  (dvs-builder@U22)\n"
CLOSED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  390.48  Thu Mar 22 00:42:57 PDT 2018\n"
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 570.124\n"
NONE = "No devices were found\n"
SILENT = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
    " Make sure that the latest NVIDIA driver is installed and running."
)
LOST = "Unable to determine the device handle for GPU 0000:03:00.0: GPU is lost.  Reboot the system to recover this GPU"
BLOCKED = (
    "Failed to initialize NVML: GPU access blocked by the operating system\n"
    "Failed to properly shut down NVML: GPU access blocked by the operating system\n"
)
BARE = Observation(Docker(), OperatingSystem("debian", "13", "trixie"), systemd=True, root=True)
ADA = Card("nvidia", "NVIDIA GeForce RTX 4090", "570.86.15", compute="8.9", ids="10de:2684")
PASCAL = Card("nvidia", "NVIDIA GeForce GTX 1080", "550.163.01", compute="6.1", ids="10de:1b80")
BLACKWELL = Card("nvidia", "NVIDIA GeForce RTX 5060 Ti", "570.86.15", compute="12.0", ids="10de:2d04")
UNREAD = Card("nvidia", "NVIDIA GeForce RTX 5090", "575.51.03", ids="10de:2b85")
FINE = Nvidia(module="570.86.15", is_open=True, license="Dual MIT/GPL", has_ctk=True)


def spec_of(gpu: str = "nvidia", **fields: Any) -> Spec:
    data = {"kit": 1, "stack": "home", "backup": None, "gateway": None, "webui": None}
    engine = {"name": "main", "kind": "ollama", "gpu": gpu, **fields}
    return Spec.model_validate_json(json.dumps({**data, "engines": [engine]}))


def deployment(gpu: str = "nvidia", **fields: Any) -> Deployment:
    spec = spec_of(gpu, **fields)
    return resolve(spec, lock_of(spec))[HERE]


def driver(version: str, words: str = "", licensed: str = "NVIDIA") -> Nvidia:
    """Return what the agent makes of the kernel's and nvidia-smi's words."""
    library = agent._LIBRARY.search(words)
    module = next((word for word in version.split() if word[:1].isdigit() and "." in word), None)
    return Nvidia(module, "Open Kernel Module" in version, licensed, " ".join(words.split()), library and library[1])


def refused(card: Card, seen: Nvidia | None, **changes: Any) -> tuple[tuple[str, str], ...]:
    return nvidia_refusals(deployment().services[0], replace(BARE, cards=(card,), nvidia=seen, **changes))


@pytest.mark.parametrize(
    ("card", "floor", "blackwell"),
    [
        (ADA, "550", False),
        (PASCAL, "570", False),
        (replace(PASCAL, compute="5.0"), "570", False),
        (replace(PASCAL, compute="7.0"), "550", False),
        (BLACKWELL, "570", True),
        (UNREAD, "570", True),
        (replace(UNREAD, ids="10de:28f8"), "550", False),
        (replace(UNREAD, ids="10de:1d81"), "550", False),
        (replace(UNREAD, ids="10de:1b80"), "570", False),
    ],
)
def test_the_oldest_driver_goes_by_the_card(card: Card, floor: str, blackwell: bool) -> None:
    assert (floor_of(card), is_blackwell(card)) == (floor, blackwell)


@pytest.mark.parametrize("card", [ADA, BLACKWELL, replace(PASCAL, driver="570.86.15")])
def test_a_driver_that_does_is_in_nobodys_way(card: Card) -> None:
    assert refused(card, FINE) == ()
    assert refused(card, None) == ()
    assert nvidia_refusals(deployment("none").services[0], replace(BARE, cards=(card,), nvidia=Nvidia())) == ()


def test_a_missing_driver_is_told_with_the_one_to_install() -> None:
    ((problem, step),) = refused(Card("nvidia", "10de:2684", "nouveau", ids="10de:2684"), Nvidia(problem=SILENT))
    assert problem == "main needs NVIDIA's driver, and this machine has none loaded for 10de:2684, which nouveau drives"
    assert step.startswith("install NVIDIA's driver 550 or newer, reboot, then run the same command again")
    ((_, step),) = refused(Card("nvidia", "10de:2d04", ids="10de:2d04"), Nvidia())
    assert "570 or newer, with the open kernel modules" in step


@pytest.mark.parametrize(("card", "have", "need"), [(ADA, "535.261.03", "550"), (PASCAL, "550.163.01", "570")])
def test_a_driver_that_is_too_old_is_told_with_have_and_need(card: Card, have: str, need: str) -> None:
    ((problem, step),) = refused(replace(card, driver=have), replace(FINE, module=have))
    assert problem.startswith(f"NVIDIA's driver {have} on this machine is too old: {card.card} needs {need} or newer")
    assert step == f"install NVIDIA's driver {need} or newer, reboot"


def test_closed_modules_are_refused_for_blackwell_although_the_driver_tells_nothing_of_the_card() -> None:
    closed = driver(CLOSED.replace("390.48", "575.51.03"), NONE)
    ((problem, step),) = refused(UNREAD, closed)
    assert problem == (
        "NVIDIA GeForce RTX 5090 computes with NVIDIA's open kernel modules alone,"
        " and the closed ones 575.51.03 are loaded"
    )
    assert step.startswith("install the open kernel modules")
    ((_, step),) = refused(UNREAD, replace(closed, license="Dual MIT/GPL"))
    assert step.startswith("the open ones are installed and not loaded: reboot")
    assert refused(ADA, driver(CLOSED.replace("390.48", "575.51.03"))) == ()


def test_another_library_than_the_module_is_told_with_both_versions() -> None:
    ((problem, step),) = refused(BLACKWELL, driver(OPEN, MISMATCH, "Dual MIT/GPL"))
    assert problem.startswith("NVIDIA's library is 570.124, the loaded kernel module 575.51.03")
    assert step == "reboot this machine"


@pytest.mark.parametrize("words", [SILENT, NONE])
def test_any_other_answer_of_the_driver_is_passed_on(words: str) -> None:
    ((problem, step),) = refused(BLACKWELL, driver(OPEN, words, "Dual MIT/GPL"))
    assert problem == f"main needs NVIDIA's driver 575.51.03, and it answers: {' '.join(words.split())}"
    assert "dmesg | grep NVRM" in step


def test_under_windows_its_own_driver_is_asked_for_and_none_for_linux() -> None:
    ((problem, step),) = refused(BLACKWELL, driver("", BLOCKED, ""), wsl="nat")
    assert problem == f"main needs Windows' driver of NVIDIA's, and it answers: {' '.join(BLOCKED.split())}"
    assert "install no driver for Linux" in step
    assert refused(replace(BLACKWELL, driver="576.80"), Nvidia(), wsl="nat") == ()
    ((problem, step),) = refused(replace(BLACKWELL, driver="551.23"), Nvidia(), wsl="nat")
    assert ("551.23" in problem, "570" in problem, "in Windows" in step) == (True, True, True)


def test_a_card_that_windows_does_not_lend_is_mended_in_windows() -> None:
    ((_, step), *_) = device_refusals(deployment(), replace(BARE, wsl="nat"))
    assert step.startswith("install the card's driver in Windows")
    ((_, step), *_) = device_refusals(deployment(), BARE)
    assert step.startswith("install NVIDIA's driver and reboot")


@pytest.mark.parametrize(("mode", "lines"), [("mirrored", 1), ("nat", 0), ("", 0), (None, 0)])
def test_mirrored_networking_of_windows_is_told(mode: str | None, lines: int) -> None:
    told = list(windows_advice(deployment("none"), replace(BARE, wsl=mode)))
    assert len(told) == lines
    assert all("networkingMode=nat" in line for line in told)


def test_a_missing_driver_is_told_once_and_not_by_each_of_its_device_files() -> None:
    observation = replace(BARE, cards=(Card("nvidia", "10de:2684", ids="10de:2684"),), nvidia=Nvidia())
    assert len(list(device_refusals(deployment(), observation))) == 1


@pytest.mark.parametrize(
    ("version", "why"),
    [(None, "this host has none yet"), ("26.1.5", "Docker 26.1.5 needs a setting"), ("28.2.2", "lock --upgrade gpu")],
)
def test_the_form_of_the_cards_is_told_with_the_reason(version: str | None, why: str) -> None:
    (line,) = device_advice(deployment(), replace(BARE, docker=Docker(version=version)))
    assert line.startswith("main gets its NVIDIA cards by Docker's driver nvidia")
    assert why in line


def test_a_card_that_was_never_there_is_no_lost_one() -> None:
    assert lost_cards(deployment(), BARE) == {}
    assert lost_cards(deployment(), replace(BARE, release="a", good="a")) == {}


KEPLER = Card("nvidia", "Tesla K80", "470.256.02", compute="3.7", ids="10de:102d")


def test_a_card_that_no_engine_computes_on_is_told_and_no_driver_is_asked_for() -> None:
    for card in (KEPLER, Card("nvidia", "NVIDIA GeForce GTX 780", "nouveau", ids="10de:1004")):
        ((problem, step),) = refused(card, Nvidia(module="470.256.02" if card is KEPLER else None))
        assert "is too old for main, which computes from capability 5.0 on" in problem
        assert step == "take another card, or none, at main in kit.yaml; no driver changes that"
    assert nvidia_refusals(deployment().services[0], two(KEPLER, ADA)) == ()


def two(*cards: Card) -> Observation:
    """Return a host with these cards and a driver that does for the first one."""
    uuids = (
        replace(card, uuid=uuid, node=f"/dev/nvidia{number}")
        for number, (card, uuid) in enumerate(zip(cards, UUIDS, strict=False))
    )
    return replace(BARE, cards=tuple(uuids), nvidia=FINE)


def test_a_card_that_nobody_chose_is_in_nobodys_way() -> None:
    host = two(ADA, replace(PASCAL, driver="550.163.01"))
    (problem, _) = nvidia_refusals(deployment().services[0], host)[0]
    assert "GTX 1080" in problem
    for chosen in (["0"], [UUIDS[0]]):
        assert nvidia_refusals(deployment(devices=chosen).services[0], host) == ()
    assert nvidia_refusals(deployment(devices=["1"]).services[0], host) != ()


def test_a_card_of_windows_that_nobody_chose_is_in_nobodys_way_either() -> None:
    host = replace(two(ADA, replace(PASCAL, driver="551.23")), nvidia=Nvidia(), wsl="nat")
    for chosen, faults in (["0"], 0), (["1"], 1), ([UUIDS[1]], 1), ([], 1):
        spec = spec_of(devices=chosen)
        lock = lock_of(spec)
        entry = lock.gpus["main"].model_copy(update={"nodes": ("/dev/dxg",)})
        (service,) = resolve(spec, lock.model_copy(update={"gpus": {"main": entry}}))[HERE].services
        assert service.device_requests[0].chosen == ()
        assert len(nvidia_refusals(service, host)) == faults


def verified(made: Deployment, observation: Observation) -> Observation:
    """Return a host on which the engine ran with its card when it was verified."""
    (service,) = made.services
    manifest: Any = {"services": {service.name: {"settings": {"devices": []}}}}
    running: Any = {service.name: None}
    return replace(observation, release="a", good="a", manifest=manifest, services=running)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (Nvidia(problem=SILENT), "has none loaded"),
        (
            replace(FINE, problem=" ".join(LOST.split())),
            "GPU is lost",
        ),
        (replace(FINE, problem=NONE.strip()), "No devices were found"),
    ],
)
def test_a_verified_engine_whose_driver_fell_silent_is_a_lost_one_and_nobody_elses_refusal(
    seen: Nvidia, words: str
) -> None:
    made = deployment()
    host = replace(BARE, cards=(ADA,), nvidia=seen)
    assert words in next(iter(device_refusals(made, host)))[0]
    after = verified(made, host)
    assert words in lost_cards(made, after)["main"]
    assert list(device_refusals(made, after)) == []
    assert toolkit_work(made, replace(after, docker=Docker(kit_installed=True))).cdi == ""


def test_a_library_of_another_version_is_refused_also_for_a_verified_engine() -> None:
    made = deployment()
    nodes: dict[str, tuple[DeviceNode, ...]] = {
        each.nodes: (DeviceNode(each.nodes, 0, 0, "0666"),) for each in made.services[0].host_devices
    }
    host = verified(made, replace(BARE, cards=(ADA,), nvidia=driver(OPEN, MISMATCH), devices=nodes))
    assert "NVIDIA's library" in next(iter(device_refusals(made, host)))[0]


def test_the_chosen_one_of_two_cards_that_vanished_is_lost_and_gets_no_name_of_cdis() -> None:
    spec = spec_of(devices=[UUIDS[1]])
    lock = lock_of(spec)
    entry = lock.gpus["main"].model_copy(update={"form": "cdi"})
    made = resolve(spec, lock.model_copy(update={"gpus": {"main": entry}}))[HERE]
    left = replace(two(ADA), docker=Docker(version="28.2.2", server=True, kit_installed=True))
    ((problem, step),) = device_refusals(made, left)
    assert problem == f"main needs the card {UUIDS[1].lower()}, and this machine does not have it"
    assert f"0 ({UUIDS[0]})" in step
    assert toolkit_work(made, left).cdi
    after = verified(made, left)
    assert lost_cards(made, after) == {"main": f"{problem} any more"}
    assert toolkit_work(made, after).cdi == ""


def test_one_driver_is_told_once_for_all_its_engines_and_another_fault_beside_it() -> None:
    made = deployment()
    second = replace(made.services[0], name="second")
    both = replace(made, services=(made.services[0], second))
    assert len(list(device_refusals(both, replace(BARE, cards=(ADA,), nvidia=Nvidia())))) == 1
    request = replace(second.device_requests[0], device_ids=("1",))
    weak = replace(made, services=(made.services[0], replace(second, devices=(request,))))
    told = [problem for problem, _ in device_refusals(weak, replace(two(PASCAL, KEPLER), nvidia=FINE))]
    assert [("GTX 1080" in problem, "Tesla K80" in problem) for problem in told] == [(True, False), (False, True)]
