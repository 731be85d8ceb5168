"""Bytes of models: fetched, written, and told before anything starts."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.deployment.engines import Engine
from deploy.deployment.host import Deployment
from deploy.deployment.model_source import ModelSource
from deploy.deployment.models import Base, Blob, CreatedModel
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.hosts.observation.seen import Disk, SeenEngine
from deploy.plan.disk import disk_refusals, needs
from deploy.plan.estimate import estimate
from deploy.plan.models import model_operations
from deploy.plan.operation import Operation
from deploy.stack import CACHE
from tests.golden.hosts import bare
from tests.golden.plans_of import PLANS, desired_of

GIB = 2**30
NOTHING = SeenEngine()
SOURCES: dict[str, ModelSource] = {
    "pip": {"pip": {"wheels": []}},
    "file": {"file": {"path": "models/mine.gguf"}},
    "url": {"url": {"url": "https://models.example/mine.gguf"}},
}


@pytest.fixture
def seen(tmp_path: Path) -> Observation:
    return read_observation(bare(desired_of(PLANS / "settled" / "kit.yaml", tmp_path)))


def blob(name: str, size: int, source: str) -> Blob:
    return Blob("model.gguf", hashlib.sha256(name.encode()).hexdigest(), size, SOURCES[source])


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
        "takes up to 10.0 GiB in /mnt/m, 5.0 GiB more while it is imported, beside the file itself",
        "takes 10.0 GiB more in /mnt/m while it is imported",
        "takes up to 6.0 GiB in /mnt/m, 3.0 GiB more while it is imported",
        "takes up to 4.0 GiB in /mnt/m, 2.0 GiB more while it is imported",
        "llama3:8b takes up to 4.0 GiB in /mnt/m",
        "",
    ]
    cost = estimate(deployment, found)
    assert (cost.download_bytes, cost.disk_bytes) == (9 * GIB, 24 * GIB)
    places = [(need.path, need.size_bytes // GIB) for need in needs(deployment, seen, found)]
    assert places == [("/mnt/m", 10), ("/mnt/m", 6), ("/mnt/m", 4), ("/mnt/m", 4), ("/mnt/m", 10), (CACHE, 4)]
    there = SeenEngine(digests={"llama3:8b": "9" * 64}, blobs=(shared.sha256, url.sha256))
    _, again = operations(seen, *models, engine=there)
    assert [one.written for one in again] == [
        (("/mnt/m", 5 * GIB),),
        (),
        (("/mnt/m", 3 * GIB),),
        (("/mnt/m", 4 * GIB), (CACHE, 4 * GIB)),
        (),
        (),
    ]


def test_models_that_do_not_fit_are_refused_before_anything_is_sent(seen: Observation) -> None:
    deployment, found = operations(seen, created("first", blobs=(blob("a", 5 * GIB, "file"),)))
    full = replace(seen, disks={"/mnt/m": Disk(15 * GIB, 7), "/": Disk(500 * GIB, 1)})
    ((problem, next_step),) = disk_refusals(deployment, full, found)
    assert problem == "not enough disk at /mnt/m: 15.5 GiB needed for model first, 15.0 GiB free"
    assert next_step.startswith("free 0.5 GiB there")
    roomy = replace(full, disks={**full.disks, "/mnt/m": Disk(16 * GIB, 7)})
    assert list(disk_refusals(deployment, roomy, found)) == []


def test_a_changed_parameter_takes_what_the_import_takes_and_a_file_that_the_engine_dropped_is_sent_again(
    seen: Observation,
) -> None:
    file = blob("a", 5 * GIB, "file")
    model = created("first", blobs=(file,), parts={"files": "f", "top_k": "2"})
    made = {"first": {"files": "f", "top_k": "1"}}
    there = SeenEngine(digests={"first": "d"}, requests={"first": "old"}, manifests={"first": "d"}, parts=made)
    deployment, (kept,) = operations(seen, model, engine=replace(there, blobs=(file.sha256,)))
    assert kept.cause == "top_k changed; takes 10.0 GiB more in /mnt/m while it is imported"
    assert (kept.written, kept.passing) == ((), (("/mnt/m", 10 * GIB),))
    full = replace(seen, disks={"/mnt/m": Disk(10 * GIB, 7), "/": Disk(500 * GIB, 1)})
    ((problem, _),) = disk_refusals(deployment, full, (kept,))
    assert problem == "not enough disk at /mnt/m: 10.5 GiB needed for model first, 10.0 GiB free"
    _, (dropped,) = operations(seen, model, engine=there)
    assert dropped.cause == (
        "top_k changed; its file is sent again, for the engine kept only its own copy of it: "
        "takes 5.0 GiB in /mnt/m, 10.0 GiB more while it is imported"
    )
    assert (dropped.written, dropped.passing) == ((("/mnt/m", 5 * GIB),), (("/mnt/m", 10 * GIB),))


def test_an_adapter_is_sent_and_never_written_anew(seen: Observation) -> None:
    adapter = replace(blob("a", GIB, "file"), file="adapter.gguf")
    _, (found,) = operations(seen, created("first", blobs=(adapter,)))
    assert (found.written, found.passing) == ((("/mnt/m", GIB),), ())


def test_what_somebody_elses_engine_keeps_takes_nothing_here_but_what_is_fetched_to_be_sent(seen: Observation) -> None:
    base = Base("llama3:8b", "9" * 64, 4 * GIB)
    models = (created("first", blobs=(blob("b", 3 * GIB, "url"),)), created("tech", base=base))
    deployment, found = operations(seen, *models, folder=None)
    cost = estimate(deployment, found)
    assert (cost.download_bytes, cost.disk_bytes) == (3 * GIB, 0)
    assert [one.cause for one in found] == [
        "not on the engine; takes up to 6.0 GiB there, 3.0 GiB more while it is imported",
        "not on the engine; llama3:8b takes up to 4.0 GiB there",
    ]
