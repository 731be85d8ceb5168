"""Room is asked for place by place, and added up where places share a file system."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.agent.inputs import disk as agent_disk
from deploy.agent.inputs import image as agent_image
from deploy.desired import Desired
from deploy.hosts.observe import CACHE, LAYERS, Observation, read_observation
from deploy.hosts.seen import Disk, HostFolder
from deploy.plan import disk, make_plan
from tests.golden.hosts import bare, settled
from tests.golden.plans_of import PLANS, desired_of

GIB = 2**30
PLACES = ("/var/lib/docker", "/srv", "/opt", CACHE)


@pytest.fixture
def quickstart(tmp_path: Path) -> Desired:
    return desired_of(PLANS / "settled" / "kit.yaml", tmp_path)


def host(wanted: Desired, free: dict[str, tuple[float, int]]) -> Observation:
    disks = {path: Disk(int(gib * GIB), device) for path, (gib, device) in free.items()}
    return replace(read_observation(bare(wanted)), disks=disks)


def refused(wanted: Desired, observation: Observation) -> list[tuple[str, str]]:
    plan = make_plan(wanted.deployment, wanted.bundle, observation)
    return list(disk.disk_refusals(wanted.deployment, observation, plan.operations))


def needed(wanted: Desired, path: str) -> float:
    """Return the GiB that a place of its own needs, as the refusal says."""
    free = {place: (500.0, number) for number, place in enumerate(PLACES)} | {path: (0.0, 99)}
    ((problem, _),) = refused(wanted, host(wanted, free))
    assert problem.startswith(f"the file system of {path} has 0.00 GiB free")
    return float(problem.split("needs ")[1].split(" GiB")[0])


def test_places_on_one_file_system_are_added_up(quickstart: Desired) -> None:
    docker, cache = needed(quickstart, "/var/lib/docker"), needed(quickstart, CACHE)
    enough = max(docker, cache) + 0.2
    apart = {"/var/lib/docker": (enough, 1), CACHE: (enough, 2), "/srv": (9, 3), "/opt": (9, 3)}
    assert refused(quickstart, host(quickstart, apart)) == []
    together = dict.fromkeys(PLACES, (enough, 1))
    ((problem, next_step),) = refused(quickstart, host(quickstart, together))
    assert problem.startswith(f"the file system of {CACHE}, /var/lib/docker, /srv/kit/home/main/models")
    assert f"has {enough:.1f} GiB free, and this needs" in problem
    assert next_step.startswith("free ")


def test_a_place_that_nothing_is_written_to_is_in_nobodys_way(quickstart: Desired) -> None:
    free = {place: (500.0, number) for number, place in enumerate(PLACES)} | {"/srv/else": (0.0, 99)}
    assert refused(quickstart, host(quickstart, free)) == []


def test_every_file_system_without_room_is_named_at_once(quickstart: Desired) -> None:
    free = {place: (0.0, number) for number, place in enumerate(PLACES)}
    problems = [problem for problem, _ in refused(quickstart, host(quickstart, free))]
    assert len(problems) == len(PLACES)


def test_a_cache_that_holds_layers_is_left_to_the_agent_to_count(quickstart: Desired) -> None:
    free = {place: (500.0, number) for number, place in enumerate(PLACES)} | {CACHE: (0.1, 99)}
    cold = host(quickstart, free)
    warm = replace(cold, folders={**cold.folders, LAYERS: HostFolder(exists=True, empty=False)})
    ((problem, _),) = refused(quickstart, cold)
    assert "image open_webui" in problem
    ((problem, _),) = refused(quickstart, warm)
    assert "image" not in problem
    assert "model gemma" in problem


def test_images_of_an_engine_that_is_down_are_planned_as_unseen_and_take_no_room_yet(quickstart: Desired) -> None:
    seen = read_observation(settled(quickstart))
    down = replace(seen, docker=replace(seen.docker, server=False), images={}, services={})
    plan = make_plan(quickstart.deployment, quickstart.bundle, down)
    causes = {operation.resource: operation.cause for operation in plan.operations}
    assert causes.pop("docker engine") == "installed, does not run"
    assert set(causes.values()) == {"cannot be seen while the engine is down"}
    full = replace(down, disks={path: Disk(0, 1) for path in PLACES})
    assert refused(quickstart, full) == []


def test_a_place_is_looked_up_at_the_nearest_one_above_it(quickstart: Desired) -> None:
    observation = host(quickstart, {"/": (1, 1), "/srv": (2, 2), "/srvs": (3, 3)})
    found = [disk.disk_of(observation, path) for path in ("/srv/kit", "/srvs", "/var")]
    assert [one.device for one in found if one] == [2, 3, 1]


def test_the_plan_counts_with_the_agents_figures() -> None:
    assert disk.ROOT_BYTES == agent_image.ROOT_BYTES
    assert disk.UNPACKED_PER_WHEEL_BYTE == agent_image.UNPACKED_PER_WHEEL_BYTE
    assert disk.MARGIN == agent_disk.MARGIN
