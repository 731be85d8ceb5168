"""Devices that a service needs: missing ones, closed ones, and those that nobody has to do anything about."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy.decide.render import render
from deploy.decide.resolve import resolve
from deploy.deployment.host import Deployment
from deploy.deployment.service import DeviceRequest
from deploy.hosts.observation.asked import probe_request
from deploy.hosts.observation.cards import Card, DeviceNode
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker, OperatingSystem
from deploy.lock.gpus import answered
from deploy.plan.devices import device_refusals, found_advice
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of

KFD, CARDS = "/dev/kfd", "/dev/dri/renderD*"
BARE = Observation(Docker(), OperatingSystem("debian", "12", "bookworm"), systemd=True, root=True)


def deployment(**fields: Any) -> Deployment:
    data = {"kit": 1, "stack": "home", "backup": None, "gateway": None, "webui": None}
    spec = Spec.model_validate_json(json.dumps({**data, "engines": [{"name": "main", "kind": "ollama", **fields}]}))
    lock = lock_of(spec)
    return resolve(answered(spec, lock.gpus), lock)[HERE]


def refused(kfd: DeviceNode | None, card: DeviceNode | None, **fields: Any) -> list[tuple[str, str]]:
    devices: dict[str, tuple[DeviceNode, ...]] = {KFD: (kfd,) if kfd else (), CARDS: (card,) if card else ()}
    return list(device_refusals(deployment(gpu="amd", **fields), replace(BARE, devices=devices)))


def node(path: str = KFD, gid: int = 992, mode: str = "0660", uid: int = 0) -> DeviceNode:
    return DeviceNode(path, uid, gid, mode)


RENDER = node("/dev/dri/renderD128")


def test_the_probe_is_asked_about_the_devices_of_an_engine_that_has_a_card() -> None:
    assert probe_request(deployment(gpu="amd"))["devices"] == [CARDS, KFD]
    assert probe_request(deployment())["devices"] == []
    assert list(device_refusals(deployment(), BARE)) == []


@pytest.mark.parametrize(("kfd", "card", "missing"), [(None, RENDER, KFD), (node(), None, CARDS)])
def test_a_machine_without_the_card_is_refused_with_the_next_step(
    kfd: DeviceNode | None, card: DeviceNode | None, missing: str
) -> None:
    ((problem, next_step),) = refused(kfd, card, gpu_groups=[992])
    assert problem == f"main needs {missing}, and this machine has none"
    assert "modprobe amdgpu" in next_step
    assert "`gpu: none` at main" in next_step


@pytest.mark.parametrize("groups", [[], [105], [44]])
def test_another_machines_groups_are_refused_with_the_right_ones(groups: list[int]) -> None:
    ((problem, next_step),) = refused(node(), RENDER, gpu_groups=groups)
    assert problem == (
        "main may not open its devices: /dev/kfd belongs to group 992, /dev/dri/renderD128 belongs to group 992"
        " on this machine"
    )
    assert next_step == "write `gpu_groups: [992]` at main in kit.yaml"


def test_the_line_to_write_keeps_what_is_right_already() -> None:
    ((_, next_step),) = refused(node(gid=44), RENDER, gpu_groups=[992])
    assert next_step == "write `gpu_groups: [44, 992]` at main in kit.yaml"


@pytest.mark.parametrize(
    ("kfd", "card", "fields"),
    [
        (node(), RENDER, {"gpu_groups": [992]}),
        (node(), RENDER, {"gpu_groups": [44, 992]}),
        (node(mode="0666"), node("/dev/dri/renderD128", mode="0666"), {}),
        (node(gid=1001), node("/dev/dri/renderD128", gid=1001), {"user": "1000:1001"}),
        (node(uid=1000, mode="0600"), node("/dev/dri/renderD128", uid=1000, mode="0600"), {"user": "1000:1001"}),
    ],
)
def test_devices_that_the_service_may_open_are_in_nobodys_way(
    kfd: DeviceNode, card: DeviceNode, fields: dict[str, Any]
) -> None:
    assert refused(kfd, card, **fields) == []


@pytest.mark.parametrize("closed", [node(gid=0), node(mode="0600"), node(mode="0640")])
def test_a_device_of_roots_alone_is_not_opened_by_roots_group(closed: DeviceNode) -> None:
    ((problem, next_step),) = refused(closed, RENDER, gpu_groups=[992])
    assert problem.startswith("main may not open /dev/kfd: no group but root's may")
    assert "chgrp render /dev/kfd" in next_step


def test_a_request_for_a_vendors_cards_needs_one_of_them_on_the_machine() -> None:
    request = DeviceRequest("nvidia", "nvidia", "mend the card")
    wanted = deployment()
    wanted = replace(wanted, services=(replace(wanted.services[0], devices=(request,)),))
    refusal = ("main needs a card of nvidia, and this machine has none", "mend the card")
    assert list(device_refusals(wanted, replace(BARE, cards=(Card("intel"),)))) == [refusal]
    assert list(device_refusals(wanted, replace(BARE, cards=(Card("intel"), Card("nvidia"))))) == []
    assert probe_request(wanted)["devices"] == []


@pytest.mark.parametrize(
    ("gpu", "there"), [("amd", (Card("amd", uuid="GPU-8668c3be2237aa5f"),)), ("intel", (Card("intel"),))]
)
def test_a_chosen_card_that_the_machine_lacks_is_refused_with_those_that_it_has(
    gpu: str, there: tuple[Card, ...]
) -> None:
    devices: dict[str, tuple[DeviceNode, ...]] = {
        KFD: (node(mode="0666"),),
        CARDS: (node("/dev/dri/renderD128", mode="0666"),),
    }
    host = replace(BARE, devices=devices, cards=there)
    assert list(device_refusals(deployment(gpu=gpu, devices=["0"]), host)) == []
    ((problem, step),) = device_refusals(deployment(gpu=gpu, devices=["0", "1"]), host)
    assert problem == "main needs the card 1, and this machine does not have it"
    assert step.startswith("write one of its cards as `devices:` at main in kit.yaml: 0 (")
    if gpu == "amd":
        ((problem, _),) = device_refusals(deployment(gpu=gpu, devices=["GPU-1111111111111111"]), host)
        assert "GPU-1111111111111111" in problem


def test_a_card_that_came_after_the_lock_is_told_with_the_line_that_takes_it() -> None:
    waiting, written = deployment(gpu="auto"), deployment()
    assert (waiting.on_cpu, written.on_cpu) == (("main",), ())
    card = Card("nvidia", "NVIDIA GeForce RTX 4090", "570.86.15")
    (line,) = found_advice(waiting, replace(BARE, cards=(card,)))
    assert line.startswith(
        "main computes on the CPU, as kit.lock says, and this machine has GPU NVIDIA GeForce RTX 4090"
    )
    assert "lock --upgrade gpu" in line
    assert list(found_advice(written, replace(BARE, cards=(card,)))) == []
    for little in (Card("intel"), Card("amd", memory_bytes=2**29), Card("nvidia", compute="3.7")):
        assert list(found_advice(waiting, replace(BARE, cards=(little,)))) == []
    assert render(waiting).release == render(written).release
