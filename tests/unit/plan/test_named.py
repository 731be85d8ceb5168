"""Models that an engine has by itself: refused before anything is touched where it does not have them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.deployment.engines import NamedEngine
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.hosts.observation.seen import SeenNames
from deploy.plan.named import named_doubts, named_refusals
from deploy.plan.preflight import advice, doubts, refusals
from deploy.plan.sources import Files
from tests.golden.hosts import bare
from tests.golden.plans_of import PLANS, desired_of

MODELS = (("qwen", "qwen2.5-7b-instruct"), ("phi", "phi"))
STUDIO = Deployment("home", (), (), (), (NamedEngine("studio", "openai", "http://studio.lan:1234/v1", MODELS),))
SILENT = "engine studio: asking for its models: http://studio.lan:1234/v1 refuses the connection"


@pytest.fixture
def host(tmp_path: Path) -> Observation:
    return read_observation(bare(desired_of(PLANS / "settled" / "kit.yaml", tmp_path)))


def seeing(host: Observation, seen: SeenNames) -> Observation:
    return replace(host, named_engines={"studio": seen})


def test_a_model_that_is_there_under_the_engines_name_is_nobodys_concern(host: Observation) -> None:
    for names in (("qwen2.5-7b-instruct", "phi", "more"), ("qwen2.5-7b-instruct:latest", "phi")):
        there = seeing(host, SeenNames(names=names))
        assert not [*named_refusals(STUDIO, there), *named_doubts(STUDIO, there)]


@pytest.mark.parametrize(
    ("there", "meant"),
    [
        (("qwen2.5-7b-instrukt", "other"), " (did you mean qwen2.5-7b-instrukt?)"),
        (("maker/Qwen2.5-7B-Instruct-GGUF/q4.gguf",), " (did you mean maker/Qwen2.5-7B-Instruct-GGUF/q4.gguf?)"),
        (("other",), ""),
    ],
)
def test_a_name_that_the_engine_does_not_have_is_refused_with_the_nearest_one(
    host: Observation, there: tuple[str, ...], meant: str
) -> None:
    ((problem, next_step),) = named_refusals(STUDIO, seeing(host, SeenNames(names=("phi", *there))))
    words = "model qwen: engine studio at http://studio.lan:1234/v1 has no model 'qwen2.5-7b-instruct'"
    assert problem == f"{words}{meant}"
    assert next_step == (
        f"it has phi, {', '.join(there)}; add the model there, or write one of these names as `from` of qwen"
    )


def test_every_model_that_is_missing_is_told_at_once_and_the_plan_has_them(host: Observation) -> None:
    many = seeing(host, SeenNames(names=tuple(f"m{number}" for number in range(10)), applied=dict(MODELS)))
    told = refusals(STUDIO, many, (), Files())
    assert [problem.split(":")[0] for problem, _ in told] == ["model qwen", "model phi"]
    assert "m7 and 2 more; " in told[0][1]
    (first, _) = named_refusals(STUDIO, seeing(host, SeenNames()))
    assert first[1].startswith("it has no models; ")


def test_one_that_does_not_answer_is_in_the_way_only_of_what_it_was_not_asked_for_before(host: Observation) -> None:
    new = seeing(host, SeenNames(SILENT, "look at it", applied={"qwen": "qwen2.5-7b-instruct", "phi": "older"}))
    assert list(named_refusals(STUDIO, new)) == [
        (f"{SILENT}; kit.yaml takes model phi from there", "look at it, or remove model phi from kit.yaml")
    ]
    assert list(named_doubts(STUDIO, new)) == []
    asleep = seeing(host, SeenNames(SILENT, applied={**dict(MODELS), "gone": "gone"}))
    assert list(named_refusals(STUDIO, asleep)) == []
    line = f"{SILENT}; its models are checked once it answers"
    assert doubts(STUDIO, asleep) == (line,)
    assert line in advice(STUDIO, asleep)


def test_an_engine_without_models_is_in_nobodys_way(host: Observation) -> None:
    empty = replace(STUDIO, named_engines=(replace(STUDIO.named_engines[0], models=()),))
    assert list(named_refusals(empty, seeing(host, SeenNames(SILENT)))) == []


def test_a_model_that_the_engine_leaves_to_its_vendors_cloud_is_refused_until_kit_yaml_allows_it(
    host: Observation,
) -> None:
    seen = seeing(host, SeenNames(names=("qwen2.5-7b-instruct:latest", "phi"), cloud=("qwen2.5-7b-instruct:latest",)))
    ((problem, next_step),) = named_refusals(STUDIO, seen)
    assert problem == (
        "model qwen: qwen2.5-7b-instruct names a model in the vendor's cloud: each request would be sent there"
    )
    assert next_step == "name another tag, or write `cloud: true` at studio"
    allowed = replace(STUDIO, named_engines=(replace(STUDIO.named_engines[0], uses_cloud=True),))
    assert not [*named_refusals(allowed, seen)]
