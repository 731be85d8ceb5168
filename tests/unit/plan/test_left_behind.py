"""Models that left kit.yaml, and models that the engine has under another spelling of a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.deployment.engines import Engine
from deploy.deployment.host import Deployment
from deploy.deployment.models import Base, CreatedModel
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.hosts.observation.seen import SeenEngine
from deploy.lifecycle.models import rows
from deploy.plan.models import model_advice, model_operations
from tests.contract.toys import toy
from tests.golden.hosts import bare
from tests.golden.plans_of import PLANS, desired_of
from tests.unit.plan.test_models import Host, file_of, host

__all__ = ["host"]

NINES, SEVENS = "9" * 64, "7" * 64


@pytest.fixture
def bare_host(tmp_path: Path) -> Observation:
    return read_observation(bare(desired_of(PLANS / "settled" / "kit.yaml", tmp_path)))


def plans(
    bare_host: Observation, seen: SeenEngine, *models: CreatedModel, prune: bool
) -> tuple[Deployment, Observation]:
    engine = Engine("main", "any", "ollama", "http://there:1", models, models_dir="/mnt/m", prune=prune)
    return Deployment("home", (), (), (engine,)), replace(bare_host, engines={"main": seen})


def test_a_tag_that_the_kit_pulled_goes_with_the_last_model_that_was_made_from_it(bare_host: Observation) -> None:
    seen = SeenEngine(digests={"llama3:8b": NINES}, pulled={"llama3:8b": NINES})
    pruned = plans(bare_host, seen, prune=True)
    assert [(one.action, one.resource) for one in model_operations(*pruned)] == [("remove", "model llama3:8b")]
    (row,) = rows(*pruned)
    assert row.state == "not in kit.yaml (left kit.yaml; the next apply removes it)"
    kept = plans(bare_host, seen, prune=False)
    assert list(model_operations(*kept)) == []
    assert any("main keeps llama3:8b, which left kit.yaml" in line for line in model_advice(*kept))
    needed = CreatedModel("tech", {"model": "tech"}, "t", {}, "", base=Base("Llama3:8b", NINES, 1))
    assert all(one.action != "remove" for one in model_operations(*plans(bare_host, seen, needed, prune=True)))


@pytest.mark.parametrize("pulled", [{}, {"llama3:8b": SEVENS}])
def test_a_tag_of_a_persons_own_stays(bare_host: Observation, pulled: dict[str, str]) -> None:
    seen = SeenEngine(digests={"llama3:8b": NINES}, pulled=pulled)
    pruned = plans(bare_host, seen, prune=True)
    assert list(model_operations(*pruned)) == []
    (row,) = rows(*pruned)
    assert row.state == "not in kit.yaml (made by hand)"


def test_a_file_without_a_chat_template_is_told_when_its_model_is_made_and_never_again(host: Host) -> None:
    lock_has_none = host.deployment({"name": "toy", "from": file_of(host, toy(False))})
    (engine,) = lock_has_none.engines
    bare_one = replace(engine.models[0], is_bare=True)
    deployment = replace(lock_has_none, engines=(replace(engine, models=(bare_one,)),))

    def told() -> list[str]:
        return [line for line in model_advice(deployment, host.seen(deployment)) if "no chat template" in line]

    (line,) = told()
    assert line.startswith("the file of toy has no chat template, so main passes on the plain text; `template` at")
    host.sync(deployment)
    assert told() == []


def test_a_model_of_a_persons_own_in_another_spelling_is_told_before_it_is_replaced(host: Host) -> None:
    source = file_of(host, toy(False))
    host.sync(host.deployment({"name": "other", "from": source}))
    host.by_hand().create({"model": "filed2", "from": "other", "system": "Mine."}, lambda _said: None)
    deployment = host.deployment({"name": "other", "from": source}, {"name": "Filed2", "from": source})
    told = "on the engine as filed2, but not made by the kit: it is replaced"
    assert host.plan(deployment) == [("model Filed2", "create", told)]
    assert {row.name: row.state for row in rows(deployment, host.seen(deployment))}["Filed2"] == told
    assert host.sync(deployment)["created"] == ["main/Filed2"]
    assert host.plan(deployment) == []
    respelled = host.deployment({"name": "other", "from": source}, {"name": "FILED2", "from": source}, prune=True)
    assert [one[:2] for one in host.plan(respelled)] == [("model FILED2", "create")]
