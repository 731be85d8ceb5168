"""What models take: bytes that are fetched, written, and told before anything starts."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.deployment import Deployment, Engine
from deploy.hosts.observe import CACHE, Observation, read_observation
from deploy.hosts.seen import Disk, SeenEngine
from deploy.models import Base, Blob, CreatedModel
from deploy.plan.disk import disk_refusals, needs
from deploy.plan.estimate import estimate
from deploy.plan.models import model_operations
from deploy.plan.operation import Operation
from tests.golden.hosts import bare
from tests.golden.plans_of import PLANS, desired_of

GIB = 2**30
NOTHING = SeenEngine()


@pytest.fixture
def seen(tmp_path: Path) -> Observation:
    return read_observation(bare(desired_of(PLANS / "settled" / "kit.yaml", tmp_path)))


def blob(name: str, size: int, source: str) -> Blob:
    return Blob("model.gguf", hashlib.sha256(name.encode()).hexdigest(), size, {source: {}})


def created(name: str, **fields: Any) -> CreatedModel:
    return CreatedModel(name, {"model": name, **fields.pop("request", {})}, name, {}, "", **fields)


def operations(
    seen: Observation, *models: CreatedModel, engine: SeenEngine = NOTHING, folder: str | None = "/mnt/m"
) -> tuple[Deployment, tuple[Operation, ...]]:
    made = Engine("main", "any", "ollama", "http://there:1", models, models_dir=folder)
    deployment = Deployment("home", (), (), (made,))
    return deployment, tuple(model_operations(deployment, replace(seen, engines={"main": engine})))


def test_each_model_weighs_what_is_not_there_yet(seen: Observation) -> None:
    shared, url, pip = blob("a", 5 * GIB, "file"), blob("b", 3 * GIB, "url"), blob("c", 2 * GIB, "pip")
    base = Base("llama3:8b", "9" * 64, 4 * GIB)
    models = (
        created("first", blobs=(shared,)),
        created("second", blobs=(shared,)),
        created("small", blobs=(url,), request={"quantize": "Q4_K_M"}),
        created("packed", blobs=(pip,)),
        created("tech", base=base),
        created("other", base=base),
    )
    deployment, found = operations(seen, *models)
    causes = [one.cause.partition("; ")[2] for one in found]
    assert causes == [
        "takes 5.0 GiB in /mnt/m, beside the file itself",
        "",
        "takes up to 6.0 GiB in /mnt/m",
        "takes 2.0 GiB in /mnt/m",
        "llama3:8b takes up to 4.0 GiB in /mnt/m",
        "",
    ]
    cost = estimate(deployment, found)
    assert (cost.download_bytes, cost.disk_bytes) == (9 * GIB, 17 * GIB)
    places = [(need.path, need.size_bytes // GIB) for need in needs(deployment, seen, found)]
    assert places == [("/mnt/m", 5), ("/mnt/m", 6), ("/mnt/m", 2), ("/mnt/m", 4), (CACHE, 4)]
    there = SeenEngine(digests={"llama3:8b": "9" * 64}, blobs=(shared.sha256, url.sha256))
    _, again = operations(seen, *models, engine=there)
    assert [one.written for one in again] == [
        (),
        (),
        (("/mnt/m", 3 * GIB),),
        (("/mnt/m", 2 * GIB), (CACHE, 4 * GIB)),
        (),
        (),
    ]


def test_models_that_do_not_fit_are_refused_before_anything_is_sent(seen: Observation) -> None:
    deployment, found = operations(seen, created("first", blobs=(blob("a", 5 * GIB, "file"),)))
    full = replace(seen, disks={"/mnt/m": Disk(5 * GIB, 7), "/": Disk(500 * GIB, 1)})
    ((problem, next_step),) = disk_refusals(deployment, full, found)
    assert problem == "the file system of /mnt/m has 5.0 GiB free, and this needs 5.5 GiB there (model first)"
    assert next_step.startswith("free 0.5 GiB there")
    roomy = replace(full, disks={**full.disks, "/mnt/m": Disk(6 * GIB, 7)})
    assert list(disk_refusals(deployment, roomy, found)) == []


def test_what_somebody_elses_engine_keeps_takes_nothing_here_but_what_is_fetched_to_be_sent(seen: Observation) -> None:
    base = Base("llama3:8b", "9" * 64, 4 * GIB)
    models = (created("first", blobs=(blob("b", 3 * GIB, "url"),)), created("tech", base=base))
    deployment, found = operations(seen, *models, folder=None)
    cost = estimate(deployment, found)
    assert (cost.download_bytes, cost.disk_bytes) == (3 * GIB, 0)
    assert [one.cause for one in found] == [
        "not on the engine; takes 3.0 GiB there",
        "not on the engine; llama3:8b takes up to 4.0 GiB there",
    ]
