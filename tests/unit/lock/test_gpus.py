"""Entries of graphics cards in kit.lock, from what a host says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.decide.resolve import resolve
from deploy.errors import KitError, SpecError, UsageError
from deploy.hosts.local import LocalTransport
from deploy.hosts.reach import Hosts
from deploy.lock.gpus import answered, asked_cards
from deploy.lock.missing import missing_inputs
from deploy.lock.model import CardsLock, read_lock
from deploy.lock.pinned import Pinned, upgrade_of
from deploy.lock.text import lock_text
from deploy.lock.toolkit import is_wanted
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import UUIDS, lock_of
from tests.unit.refusing import Refusing

KFD = {"path": "/dev/kfd", "uid": 0, "gid": 992, "mode": "0660"}
RENDER = {"path": "/dev/dri/renderD128", "uid": 0, "gid": 44, "mode": "0660"}


def card(vendor: str, **facts: Any) -> dict[str, Any]:
    keys = ("pci", "card", "driver", "uuid", "memory_bytes", "compute", "ids", "node")
    return {"vendor": vendor, **dict.fromkeys(keys), **facts}


TWO = [card("nvidia", uuid=uuid, node=f"/dev/nvidia{number}") for number, uuid in enumerate(UUIDS)]
AMD = card("amd", memory_bytes=24 * 2**30)


class Host(Refusing):
    """A host that tells its cards and is asked for nothing else."""

    def __init__(self, cards: list[dict[str, Any]], docker: str | None = None, **facts: Any) -> None:
        told = {"format": 1, "cards": cards, "nvidia": None, "wsl": None, "devices": [], "docker": docker}
        self.told = {**told, "kit_installed": False, **facts}

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        assert (verb, request) == ("cards", {})
        return cast("Answer", self.told)


def spec_of(gpu: str = "auto", **fields: Any) -> Spec:
    engine = {"name": "main", "kind": "ollama", "gpu": gpu, **fields}
    data = {"kit": 1, "stack": "home", "backup": None, "gateway": None, "webui": None, "engines": [engine]}
    return Spec.model_validate_json(json.dumps(data))


def entry(host: Host, **fields: Any) -> CardsLock:
    return asked_cards(spec_of(**fields), {}, Hosts({HERE: host})).entries["main"]


@pytest.mark.parametrize(
    ("host", "vendor", "groups"),
    [
        (Host([]), "none", ()),
        (Host([card("intel", pci="0000:00:02.0")], devices=[RENDER]), "none", ()),
        (Host([card("intel", pci="0000:03:00.0")], devices=[RENDER]), "intel", (44,)),
        (Host([AMD], devices=[KFD, RENDER]), "amd", (44, 992)),
        (Host([AMD], devices=[RENDER]), "none", ()),
        (Host([card("amd", memory_bytes=2**29)], devices=[KFD, RENDER]), "none", ()),
        (Host([*TWO, AMD], devices=[KFD, RENDER]), "nvidia", ()),
        (Host([card("nvidia", compute="3.7", ids="10de:102d")]), "none", ()),
        (Host([card("nvidia", driver="nouveau", ids="10de:1004"), AMD], devices=[KFD, RENDER]), "amd", (44, 992)),
        (Host([card("nvidia", ids="10de:1004"), *TWO]), "nvidia", ()),
        (Host([card("nvidia", driver="nouveau", ids="10de:2684")]), "nvidia", ()),
    ],
)
def test_auto_means_the_hosts_likeliest_cards(host: Host, vendor: str, groups: tuple[int, ...]) -> None:
    locked = entry(host)
    assert (locked.vendor, locked.groups) == (vendor, groups)


def test_a_spec_without_such_an_engine_asks_nobody() -> None:
    for gpu in ("none", "amd", "intel"):
        assert asked_cards(spec_of(gpu), {}, Hosts({HERE: Refusing()})).entries == {}


@pytest.mark.parametrize(
    ("docker", "form"), [(None, "classic"), ("26.1.5+dfsg1", "classic"), ("28.2.0", "cdi"), ("29.0.1", "cdi")]
)
def test_the_form_goes_by_the_hosts_docker(docker: str | None, form: str) -> None:
    locked = entry(Host(TWO, docker), gpu="nvidia")
    assert locked.form == form
    assert [each.node for each in locked.cards] == ["/dev/nvidia0", "/dev/nvidia1"]
    assert locked.nodes == ("/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidiactl")


def test_a_card_of_windows_has_one_device_file() -> None:
    locked = entry(Host([card("nvidia", uuid=UUIDS[0])], "26.1.5", wsl="nat"), gpu="nvidia", devices=[UUIDS[0]])
    assert (locked.nodes, locked.cards[0].node) == (("/dev/dxg",), "")
    spec = spec_of("nvidia", devices=[UUIDS[0]])
    (service,) = resolve(spec, lock_of(spec).model_copy(update={"gpus": {"main": locked}}))[HERE].services
    assert [device.host_path for device in service.host_devices] == ["/dev/dxg"]
    assert service.device_requests[0].device_ids == ()
    assert dict(service.environment)["CUDA_VISIBLE_DEVICES"] == UUIDS[0]


@pytest.mark.parametrize(("chosen", "named"), [(["1"], UUIDS[1]), (["1", UUIDS[0]], f"{UUIDS[1]},{UUIDS[0]}")])
def test_a_card_of_windows_is_chosen_by_its_uuid_for_cuda_numbers_cards_by_their_speed(
    chosen: list[str], named: str
) -> None:
    spec = spec_of("nvidia", devices=chosen)
    gpus = {"main": entry(Host(TWO, "26.1.5", wsl="nat"), gpu="nvidia", devices=chosen)}
    (service,) = resolve(spec, lock_of(spec).model_copy(update={"gpus": gpus}))[HERE].services
    assert dict(service.environment)["CUDA_VISIBLE_DEVICES"] == named


def test_a_host_without_the_wanted_card_is_told_with_what_it_has() -> None:
    with pytest.raises(KitError, match="main needs a card of NVIDIA's, and this machine shows none") as failure:
        entry(Host([AMD]), gpu="nvidia")
    assert failure.value.next_step == "put the card in, or write `gpu: none` at main in kit.yaml"
    with pytest.raises(KitError, match="needs a card of NVIDIA's") as failure:
        entry(Host([], wsl="nat"), gpu="nvidia")
    assert failure.value.next_step.startswith("install its driver in Windows, none for Linux here")
    with pytest.raises(KitError, match="main: 2 is no card of this machine") as failure:
        entry(Host(TWO), gpu="nvidia", devices=["2"])
    assert f"0 ({UUIDS[0]}), 1 ({UUIDS[1]})" in failure.value.next_step


@pytest.mark.parametrize("wsl", [None, "nat"])
@pytest.mark.parametrize("chosen", [["0", UUIDS[0]], [UUIDS[1], "0", "1"]])
def test_one_card_by_its_number_and_its_uuid_is_refused(chosen: list[str], wsl: str | None) -> None:
    words = f"main: {chosen[-1]} is a card that `devices` names already"
    with pytest.raises(KitError, match=words):
        entry(Host(TWO, wsl=wsl), gpu="nvidia", devices=chosen)
    spec = spec_of("nvidia", devices=chosen)
    (problem,) = missing_inputs(spec, lock_of(spec))
    assert problem.message == f"is locked for a card of which {chosen[-1]} is a second name"
    assert Pinned(lock_of(spec)).gpus(spec) == {}


def test_cards_that_auto_does_not_find_are_refused_and_never_dropped() -> None:
    with pytest.raises(KitError, match=f"main: {UUIDS[0]} is no card of this machine, where `gpu: auto` finds no card"):
        entry(Host([]), devices=[UUIDS[0]])
    with pytest.raises(KitError, match="main: 1 is no card of this machine, where `gpu: auto` finds cards of amd"):
        entry(Host([AMD], devices=[KFD, RENDER]), devices=["1"])
    assert entry(Host([AMD], devices=[KFD, RENDER]), devices=["0"]).vendor == "amd"
    with pytest.raises(KitError, match="GPU-8668c3be2237aa5f is no card of this machine"):
        entry(Host([card("intel", pci="0000:03:00.0")], devices=[RENDER]), devices=["GPU-8668c3be2237aa5f"])


def test_a_page_on_a_card_has_an_entry_and_the_form_that_its_docker_takes() -> None:
    data = {"kit": 1, "stack": "home", "backup": None, "gateway": None, "images": {"source": "pull"}}
    spec = Spec.model_validate_json(json.dumps({**data, "webui": {"kind": "open_webui", "variant": "cuda"}}))
    entries = asked_cards(spec, {}, Hosts({HERE: Host(TWO, "28.2.2")})).entries
    assert [(name, each.form) for name, each in entries.items()] == [("open_webui", "cdi")]
    assert is_wanted(entries)
    lock = lock_of(spec)
    assert [problem.path for problem in missing_inputs(spec, lock.model_copy(update={"gpus": {}}))] == [
        "gpus.open_webui"
    ]
    cdi, classic = (
        resolve(spec, lock.model_copy(update={"gpus": gpus}))[HERE].services[-1] for gpus in (entries, lock.gpus)
    )
    assert (cdi.host_devices, cdi.device_requests[0].words) == ((), "cdi nvidia.com/gpu=all")
    assert [device.host_path for device in classic.host_devices][:1] == ["/dev/nvidia0"]
    with pytest.raises(KitError, match="open_webui needs a card of NVIDIA's") as failure:
        asked_cards(spec, {}, Hosts({HERE: Host([])}))
    assert "`variant: main` at open_webui" in failure.value.next_step


@pytest.mark.parametrize(
    ("chosen", "nodes"),
    [
        ([], ["/dev/nvidia0", "/dev/nvidia1"]),
        (["1"], ["/dev/nvidia1"]),
        ([UUIDS[0].replace("f", "F")], ["/dev/nvidia0"]),
    ],
)
def test_a_container_gets_the_chosen_cards_alone(chosen: list[Any], nodes: list[str]) -> None:
    spec = spec_of("nvidia", devices=chosen)
    (service,) = resolve(spec, lock_of(spec))[HERE].services
    own = [device.host_path for device in service.host_devices]
    assert own == [*nodes, "/dev/nvidia-uvm", "/dev/nvidiactl"]
    assert service.device_requests[0].device_ids == tuple(chosen)


def test_a_name_of_cdis_is_written_as_the_card_writes_its_uuid() -> None:
    spec = spec_of("nvidia", devices=[UUIDS[0].upper(), "1"])
    lock = lock_of(spec)
    gpus = {"main": lock.gpus["main"].model_copy(update={"form": "cdi"})}
    (service,) = resolve(spec, lock.model_copy(update={"gpus": gpus}))[HERE].services
    assert service.device_requests[0].device_ids == (f"nvidia.com/gpu={UUIDS[0]}", "nvidia.com/gpu=1")


def test_the_answer_to_auto_decides_image_and_groups_as_if_it_were_written() -> None:
    gpus = {"main": CardsLock(vendor="amd", groups=(44, 992))}
    assert answered(spec_of(), gpus) == spec_of("amd", gpu_groups=[44, 992])
    assert answered(spec_of("amd"), gpus) == spec_of("amd")
    own = answered(spec_of(gpu_groups=[7]), gpus).engines[0]
    assert getattr(own, "gpu_groups", None) == (7,)


def test_a_lock_without_an_entry_or_with_another_one_is_mended_by_kit_lock() -> None:
    spec = spec_of("nvidia", devices=["1"])
    lock = lock_of(spec)
    assert missing_inputs(spec, lock) == []
    (problem,) = missing_inputs(spec, lock.model_copy(update={"gpus": {}}))
    assert (problem.path, problem.message) == ("gpus.main", "is not locked yet")
    other = lock.model_copy(update={"gpus": {"main": CardsLock(vendor="amd")}})
    assert missing_inputs(spec, other)[0].message == "is locked for amd; kit.yaml says nvidia"
    assert Pinned(other).gpus(spec) == {}
    assert missing_inputs(spec_of("nvidia", devices=["5"]), lock)[0].message == "is locked for cards without 5"


def test_the_cards_are_asked_for_again_by_their_name() -> None:
    spec = spec_of("nvidia")
    lock = lock_of(spec)
    assert Pinned(lock).gpus(spec) == lock.gpus
    assert Pinned(lock, upgrade_of(["gpu"], spec, lock)).gpus(spec) == {}
    with pytest.raises(UsageError, match="no pinned input is called gpu"):
        upgrade_of(["gpu"], spec_of("none"), lock)


def test_a_lock_keeps_the_cards_and_one_without_them_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "kit.lock"
    lock = lock_of(spec_of("nvidia"))
    path.write_text(lock_text(lock))
    assert read_lock(path) == lock
    assert "gpus" not in lock_text(lock_of(spec_of("none")))
    path.write_text(lock_text(lock).replace('form: "classic"', "form: null"))
    with pytest.raises(SpecError, match="needs `form`"):
        read_lock(path)


def test_this_machine_is_asked_through_its_agent(tmp_path: Path) -> None:
    told = asked_cards(spec_of(), {}, Hosts({HERE: LocalTransport(str(tmp_path))}))
    assert told.entries["main"].vendor in ("none", "nvidia", "amd", "intel")
