"""Lineage of models leads somewhere: no way is walked twice, and a cycle is told with its whole way."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.agent.protocols.ollama.sync import ordered
from deploy.decide.models import created_models
from deploy.decide.resolve import resolve
from deploy.errors import UsageError
from deploy.lock.missing import missing_inputs
from deploy.spec.checks.crosschecks import findings
from deploy.spec.lineage import lineage
from deploy.spec.model import Spec
from deploy.spec.walks import cycles, way_text
from deploy.stack import HERE
from tests.locks import lock_of

Model = Any
SPELLINGS = ("{}", "{}:latest", "library/{}", "registry.ollama.ai/library/{}:latest")
LONG = sys.getrecursionlimit() + 500
"""Deeper than Python's own stack."""


def spec_of(*models: Model, **more: Any) -> Spec:
    engines = [{"name": "main", "kind": "ollama"}, {"name": "other", "kind": "ollama", "port": 11435}]
    data = {"kit": 1, "stack": "home", "backup": None, "engines": engines, "gateway": None, "webui": None}
    models = tuple({"engine": "main", **one} for one in models)
    return Spec.model_validate_json(json.dumps({**data, "models": models, **more}))


def told(spec: Spec) -> list[str]:
    return [finding.message for finding in findings(spec)]


@pytest.mark.parametrize(
    ("models", "ways"),
    [
        ([("a", "b"), ("b", "a")], ["a -> b -> a"]),
        ([("a", "library/b"), ("B", "registry.ollama.ai/library/A:latest")], ["a -> B -> a"]),
        ([("x", "a"), ("a", "b"), ("b", "c"), ("c:latest", "b"), ("y", "llama3")], ["b -> c:latest -> b"]),
        ([("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")], ["a -> b -> a", "c -> d -> c"]),
        ([("a", "a"), ("b", "b:latest"), ("c", "a")], []),
    ],
)
def test_a_cycle_is_told_once_with_its_whole_way(models: list[tuple[str, str]], ways: list[str]) -> None:
    found = told(spec_of(*({"name": name, "from": origin} for name, origin in models)))
    assert len(found) == len(ways)
    assert all(f"({way})" in message for way, message in zip(ways, found, strict=True))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_model_of_the_spec_is_found_under_every_spelling(spelling: str) -> None:
    spec = spec_of(
        {"name": "Tiny", "from": "llama3:8b"}, {"name": "child", "from": spelling.format("tiny"), "top_k": 3}
    )
    assert told(spec) == []
    assert [model.name for model in lineage(spec).line(spec.models[1])] == ["Tiny"]
    assert sorted(lock_of(spec).models) == ["main/Tiny"]


def test_the_same_name_on_another_engine_is_another_model() -> None:
    spec = spec_of({"name": "a", "from": "b"}, {"name": "b", "engine": "other", "from": "a"})
    assert told(spec) == []
    assert [model.name for model in spec.models if lineage(spec).base(model)] == []


def test_a_cycle_that_nobody_checked_is_refused_where_models_are_decided() -> None:
    spec = spec_of({"name": "a", "from": "b"}, {"name": "b", "from": "a"})
    with pytest.raises(UsageError, match="made from itself"):
        created_models(spec, lock_of(spec), list(spec.models))


def test_a_long_way_is_told_by_its_ends() -> None:
    assert way_text(["a", "b", "a"]) == "a -> b -> a"
    text = way_text([str(number) for number in range(100)])
    assert text.startswith("0 -> 1 -> ")
    assert text.endswith(" -> 98 -> 99")
    assert "(70 more)" in text


@pytest.mark.parametrize("closes", [False, True])
def test_a_chain_that_is_longer_than_the_stack_is_walked(closes: bool) -> None:
    first = f"m{LONG - 1}" if closes else "llama3"
    spec = spec_of(*({"name": f"m{n}", "from": f"m{n - 1}" if n else first, "system": "x"} for n in range(LONG)))
    found = told(spec)
    assert len(found) == int(closes)
    if not closes:
        made = created_models(spec, lock_of(spec), list(spec.models))
        requests: list[Any] = [{"name": one.name, "request": one.request} for one in reversed(made)]
        assert [one["name"] for one in ordered(requests)] == [f"m{n}" for n in range(LONG)]


NAMES = ("a", "b", "c", "d", "e")
ORIGINS = st.none() | st.sampled_from([spelling.format(name) for name in (*NAMES, "Z") for spelling in SPELLINGS])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*NAMES, "A", "b:latest"]), ORIGINS, st.booleans()), max_size=6))
def test_every_walk_ends_whatever_is_written(drawn: list[tuple[str, str | None, bool]]) -> None:
    more = {"system": "Be brief.", "num_gpu": None}
    models = [
        {"name": name, **({"from": origin} if origin else {}), **(more if has_own else {})}
        for name, origin, has_own in drawn
    ]
    spec = spec_of(*models)
    lock = lock_of(spec)
    if told(spec):
        with_cycles = any("made from itself" in message for message in told(spec))
        assert with_cycles == bool(list(lineage(spec).cycles()))
        return
    assert missing_inputs(spec, lock) is not None
    deployment = resolve(spec, lock)[HERE]
    made = [one.name for one in deployment.engines[0].models]
    assert sorted(made) == sorted(name for name, _, _ in drawn)
    requests: list[Any] = [{"name": one.name, "request": one.request} for one in deployment.engines[0].models]
    assert [one["name"] for one in ordered(list(reversed(requests)))] != [] or not made


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4), max_size=5))
def test_a_graph_has_a_cycle_exactly_where_one_is_told(graph: dict[str, list[str]]) -> None:
    found = list(cycles(graph))
    for way in found:
        assert way[0] == way[-1]
        assert all(step in graph[here] for here, step in pairwise(way))
    assert bool(found) == any(name in reached(graph, name) for name in graph)


def reached(graph: dict[str, list[str]], start: str) -> set[str]:
    """Every node that some way leads to, computed as the closure."""
    found: set[str] = set()
    while True:
        more = {step for here in (start, *found) for step in graph.get(here, [])}
        if more <= found:
            return found
        found |= more
