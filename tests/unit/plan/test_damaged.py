"""Lost or dropped layers of an engine, from its folder to the plan."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from deploy.cli.told.drift import drift
from deploy.plan.models import model_advice
from tests.contract.toys import toy
from tests.unit.plan.test_models import Host, file_of, host

__all__ = ["host"]


def layer(host: Host, model: str, kind: str) -> Path:
    """Path of one layer of a model."""
    manifest = next(one for name, one in host.double.store.models().items() if name.model == model)
    return host.double.store.blob(manifest.of_kind(kind)[0].digest)


def test_a_model_that_has_lost_a_part_is_made_again_with_the_loss_as_its_cause(host: Host) -> None:
    source = file_of(host, toy(False))
    child = {"name": "child", "from": "toy", "template": "{{ .Prompt }}"}
    deployment = host.deployment({"name": "toy", "from": source, "system": "Be brief."}, child)
    host.sync(deployment)
    lost = layer(host, "child", "template")
    lost.unlink()
    words = f"damaged: its layer template {lost.name[7:19]} is missing"
    assert host.plan(deployment) == [("model child", "create", words)]
    told = [line for line in drift(replace(host.seen(deployment), release="r")) if line.startswith("model ")]
    assert told == [f"model child on main is {words}"]
    changed = host.deployment({"name": "toy", "from": source, "system": "Be brief."}, {**child, "top_k": 5})
    assert host.plan(changed) == [("model child", "create", f"top_k added; {words}")]
    off = replace(deployment, engines=(replace(deployment.engines[0], address="http://127.0.0.1:1"),))
    assert host.plan(off) == host.plan(deployment)
    assert host.sync(deployment)["created"] == ["main/child"]
    assert host.plan(deployment) == []
    weights = layer(host, "toy", "model")
    size = weights.stat().st_size
    os.truncate(weights, 7)
    words = f"damaged: its layer model {weights.name[7:19]} has 7 of {size} bytes"
    assert host.plan(deployment) == [("model toy", "create", words), ("model child", "create", words)]
    host.sync(deployment)
    assert host.plan(deployment) == []


def test_an_engine_elsewhere_whose_model_is_damaged_may_have_to_be_started_anew_by_its_owner(host: Host) -> None:
    deployment = host.deployment({"name": "toy", "from": file_of(host, toy(False))})
    outside = replace(deployment, engines=(replace(deployment.engines[0], models_dir=None),))
    host.sync(outside)
    layer(host, "toy", "model").unlink()
    ((resource, action, cause),) = host.plan(outside)
    assert (resource, action, cause) == ("model toy", "create", "damaged: the engine lists it and lacks a part of it")
    (line,) = model_advice(outside, host.seen(outside))
    assert line.startswith("main may still refuse toy until it is restarted")


def test_a_file_that_the_engine_dropped_is_sent_again_for_a_change(host: Host) -> None:
    source = file_of(host, toy(False))
    host.sync(host.deployment({"name": "toy", "from": source}))
    changed = host.deployment({"name": "toy", "from": source, "top_k": 5})
    assert host.plan(changed) == [("model toy", "create", "top_k added")]
    # At its start an engine drops what no manifest names.
    host.double.store.blob(f"sha256:{source['sha256']}").unlink()
    ((_, _, cause),) = host.plan(changed)
    assert cause.startswith("top_k added; its file is sent again, for the engine kept only its own copy of it: takes")
    assert host.sync(changed)["created"] == ["main/toy"]
    assert host.plan(changed) == []
