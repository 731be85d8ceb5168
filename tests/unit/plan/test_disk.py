"""Room is asked for place by place, and added up where places share a file system."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.inputs import disk as agent_disk
from deploy.agent.inputs import image as agent_image
from deploy.agent.inputs.cache import Cache
from deploy.agent.inputs.disk import with_margin
from deploy.agent.inputs.layers import room_of_images
from deploy.agent.sources import models as agent_models
from deploy.decide.desired import Share
from deploy.deployment.model_source import ModelSource
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.hosts.observation.seen import Disk
from deploy.plan import disk, make_plan
from deploy.plan.estimate import estimate
from deploy.stack import CACHE
from tests.golden.hosts import bare, settled
from tests.golden.plans_of import PLANS, desired_of

GIB = 2**30
PLACES = ("/var/lib/docker", "/srv", "/opt", CACHE)


@pytest.fixture
def quickstart(tmp_path: Path) -> Share:
    return desired_of(PLANS / "settled" / "kit.yaml", tmp_path)


def host(wanted: Share, free: dict[str, tuple[float, int]]) -> Observation:
    disks = {path: Disk(int(gib * GIB), device) for path, (gib, device) in free.items()}
    return replace(read_observation(bare(wanted)), disks=disks)


def refused(wanted: Share, observation: Observation) -> list[tuple[str, str]]:
    plan = make_plan(wanted.deployment, wanted.bundle, observation)
    return list(disk.disk_refusals(wanted.deployment, observation, plan.operations))


def needed(wanted: Share, path: str) -> float:
    """Return the GiB that a place of its own needs, as the refusal says."""
    free = {place: (500.0, number) for number, place in enumerate(PLACES)} | {path: (0.0, 99)}
    ((problem, _),) = refused(wanted, host(wanted, free))
    found = re.fullmatch(rf"not enough disk at {path}: ([0-9.]+) GiB needed for .*, 0 MiB free", problem)
    assert found
    return float(found[1])


def test_places_on_one_file_system_are_added_up(quickstart: Share) -> None:
    docker, cache = needed(quickstart, "/var/lib/docker"), needed(quickstart, CACHE)
    enough = max(docker, cache) + 0.2
    apart = {"/var/lib/docker": (enough, 1), CACHE: (enough, 2), "/srv": (9, 3), "/opt": (9, 3)}
    assert refused(quickstart, host(quickstart, apart)) == []
    together = dict.fromkeys(PLACES, (enough, 1))
    ((problem, next_step),) = refused(quickstart, host(quickstart, together))
    assert problem.startswith(f"not enough disk at {CACHE}, /var/lib/docker, /srv/kit/home/main/models")
    assert problem.endswith(f", {enough:.1f} GiB free")
    assert next_step.startswith("free ")


def test_an_image_from_another_host_needs_room_at_docker_alone(quickstart: Share) -> None:
    seen = host(quickstart, dict.fromkeys(PLACES, (500.0, 1)))
    received = {service.image.reference: "box" for service in quickstart.deployment.services}
    planned = make_plan(quickstart.deployment, quickstart.bundle, seen, received=received)
    images = [each for each in disk.needs(quickstart.deployment, seen, planned.operations) if "image" in each.purpose]
    assert {each.path for each in images} == {"/var/lib/docker"}
    alone = make_plan(quickstart.deployment, quickstart.bundle, seen)
    assert estimate(quickstart.deployment, planned.operations).download_bytes < (
        estimate(quickstart.deployment, alone.operations).download_bytes
    )


def test_a_place_that_nothing_is_written_to_is_in_nobodys_way(quickstart: Share) -> None:
    free = {place: (500.0, number) for number, place in enumerate(PLACES)} | {"/srv/else": (0.0, 99)}
    assert refused(quickstart, host(quickstart, free)) == []


def test_every_file_system_without_room_is_named_at_once(quickstart: Share) -> None:
    free = {place: (0.0, number) for number, place in enumerate(PLACES)}
    problems = [problem for problem, _ in refused(quickstart, host(quickstart, free))]
    assert len(problems) == len(PLACES)


def agent_refuses(wanted: Share, folder: Path, cached: frozenset[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the bytes that must be free for the agent to begin to assemble the images of a deployment."""
    asked: list[int] = []
    monkeypatch.setattr(agent_image, "ensure_room", lambda needs: asked.append(sum(size for _, size, _ in needs)))
    monkeypatch.setattr(Cache, "usable", lambda _self: set(cached))
    docker: Any = SimpleNamespace(root=lambda: "/var/lib/docker")
    images: Any = wanted.image_requests()
    agent_image._ensure_room(images, Cache(str(folder)), docker, force=False)
    return asked[0]


@pytest.mark.parametrize("warm", [(), ("root",), ("wheels",), ("root", "wheels"), ("root", "wheels", "compiled")])
def test_plan_and_agent_agree_to_the_byte_whatever_the_cache_holds(
    quickstart: Share, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: tuple[str, ...]
) -> None:
    kinds = {"root": 0, "wheels": 1, "compiled": 2}
    layers = [service.image.layers for service in quickstart.deployment.services]
    cached = frozenset(some[kinds[kind]].key for some in layers for kind in warm if kinds[kind] < len(some))
    seen = replace(host(quickstart, dict.fromkeys(PLACES, (500.0, 1))), cached_layers=cached)
    plan = make_plan(quickstart.deployment, quickstart.bundle, seen)
    images = tuple(one for one in plan.operations if one.resource.startswith("image "))
    planned = sum(need.size_bytes for need in disk.needs(quickstart.deployment, seen, images))
    needed = agent_refuses(quickstart, tmp_path, cached, monkeypatch)
    assert planned == needed > 0
    # At the edge both say the same: one byte less and neither begins.
    total = with_margin(needed)
    for free, is_enough in ((total, True), (total - 1, False)):
        there = replace(seen, disks={path: Disk(free, 1) for path in PLACES})
        monkeypatch.setattr(agent_disk, "free_bytes", lambda _path, free=free: free)
        with contextlib.nullcontext() if is_enough else pytest.raises(AgentError, match="not enough disk"):
            agent_disk.ensure_room([agent_disk.Need(tmp_path, needed, "images")])
        assert (list(disk.disk_refusals(quickstart.deployment, there, images)) == []) is is_enough


def test_what_the_cache_has_is_not_made_again(quickstart: Share) -> None:
    free = {place: (500.0, number) for number, place in enumerate(PLACES)} | {CACHE: (0.1, 99)}
    cold = host(quickstart, free)
    everything = {layer.key for service in quickstart.deployment.services for layer in service.image.layers}
    ((problem, _),) = refused(quickstart, cold)
    assert "image open_webui" in problem
    ((problem, _),) = refused(quickstart, replace(cold, cached_layers=frozenset(everything)))
    assert "model gemma" in problem


def test_bytecode_is_counted(quickstart: Share) -> None:
    with_it = [service.image.layers for service in quickstart.deployment.services if len(service.image.layers) == 3]
    assert with_it
    for layers in with_it:
        assert room_of_images([layers], set())[0] > room_of_images([layers[:2]], set())[0]


@pytest.mark.parametrize("kind", ["pip", "url", "file"])
def test_a_models_file_is_staged_alike_in_plan_and_agent(
    quickstart: Share, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (model,) = quickstart.deployment.models
    sources: dict[str, ModelSource] = {
        "pip": {"pip": {"wheels": []}},
        "file": {"file": {"path": "/models/own.gguf"}},
        "url": {"url": {"url": "https://models.example/own.gguf"}},
    }
    wanted = replace(quickstart.deployment, models=(replace(model, source=sources[kind]),))
    seen = host(quickstart, dict.fromkeys(PLACES, (500.0, 1)))
    plan = make_plan(wanted, quickstart.bundle, seen)
    fetched = tuple(one for one in plan.operations if one.resource == f"model {model.name}")
    planned = sorted(need.size_bytes for need in disk.needs(wanted, seen, fetched))
    asked: list[int] = []
    monkeypatch.setattr(agent_models, "ensure_room", lambda needs: asked.extend(size for _, size, _ in needs))
    request: Any = {"name": model.name, "path": str(tmp_path / "x"), "size": model.size_bytes, "source": sources[kind]}
    request["sha256"] = model.sha256
    agent_models._ensure_room([request], tmp_path)
    assert planned == sorted(asked)


def test_images_of_an_engine_that_is_down_are_planned_as_unseen_and_take_no_room_yet(quickstart: Share) -> None:
    seen = read_observation(settled(quickstart))
    down = replace(seen, docker=replace(seen.docker, server=False), images={}, services={})
    plan = make_plan(quickstart.deployment, quickstart.bundle, down)
    causes = {operation.resource: operation.cause for operation in plan.operations}
    assert causes.pop("docker engine") == "installed, not running"
    assert set(causes.values()) == {"cannot be seen while Docker is down"}
    full = replace(down, disks={path: Disk(0, 1) for path in PLACES})
    assert refused(quickstart, full) == []


def test_a_place_is_looked_up_at_the_nearest_one_above_it(quickstart: Share) -> None:
    observation = host(quickstart, {"/": (1, 1), "/srv": (2, 2), "/srvs": (3, 3)})
    found = [disk.disk_of(observation, path) for path in ("/srv/kit", "/srvs", "/var")]
    assert [one.device for one in found if one] == [2, 3, 1]
