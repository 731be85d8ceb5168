"""A model's context is told where nobody chose it, with the length that it was trained for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deploy.decide.models import created_models
from deploy.decide.resolve import resolve
from deploy.deployment.engines import Engine
from deploy.deployment.models import Context, CreatedModel
from deploy.plan.contexts import context_advice, given_context
from deploy.stack import HERE
from tests.locks import lock_of
from tests.unit.lock.test_contexts import FILE, spec_of

SILENT = Context(4096, is_chosen=False)
BY_CARD = replace(SILENT, is_least=True)


def engine(context: Context | None, *models: CreatedModel, folder: str | None = "/m") -> Engine:
    return Engine("main", "any", "ollama", "http://there:1", models, models_dir=folder, context=context)


def model(name: str, **fields: Any) -> CreatedModel:
    return CreatedModel(name, {"model": name}, name, {}, "", **fields)


def test_models_that_are_cut_because_nobody_said_more_are_named_with_what_they_could_have() -> None:
    long, unknown = model("long", trained=131_072), model("unknown")
    short, chosen = model("short", trained=2048), model("chosen", trained=131_072, num_ctx=8192)
    (line,) = context_advice(engine(SILENT, long, unknown, short, chosen))
    assert line == (
        "main cuts conversations in silence where kit.yaml names no context: long 4,096 of 131,072 tokens, "
        "unknown 4,096 tokens; `context_length` there or `num_ctx` at a model gives more"
    )
    assert list(context_advice(engine(SILENT, short, chosen))) == []
    assert list(context_advice(engine(Context(8192, is_chosen=True), long, unknown))) == []
    assert list(context_advice(engine(None, long))) == []


def test_a_tag_with_a_context_of_its_own_is_told_as_the_one_that_cuts() -> None:
    tagged, more = model("tagged", trained=131_072, brought=2048), model("more", trained=131_072, brought=16_384)
    whole, chosen = (
        model("whole", trained=8192, brought=8192),
        model("own", trained=131_072, brought=2048, num_ctx=8192),
    )
    words = "where a tag's own parameters say so: {}; `num_ctx` at a model with a name of its own gives more"
    for context, cut in (
        (SILENT, "tagged 2,048 of 131,072 tokens, more 16,384 of 131,072 tokens"),
        (Context(8192, is_chosen=True), "tagged 2,048 of 131,072 tokens"),
    ):
        (line,) = context_advice(engine(context, tagged, more, whole, chosen))
        assert words.format(cut) in line
    lines = list(context_advice(engine(SILENT, tagged, model("long", trained=131_072))))
    assert [line.partition(": ")[2].split()[0] for line in lines] == ["long", "tagged"]


def test_an_engine_with_cards_gives_more_and_one_elsewhere_has_no_setting_here() -> None:
    (line,) = context_advice(engine(BY_CARD, model("long", trained=131_072), folder=None))
    assert "(it takes more with the memory of its cards)" in line
    assert "long 4,096 or more of 131,072 tokens; `num_ctx` at a model gives more" in line


@pytest.mark.parametrize(
    ("context", "fields", "words"),
    [
        (SILENT, {"trained": 131_072}, "4,096 of 131,072 tokens"),
        (SILENT, {"trained": 2048}, "2,048 of 2,048 tokens"),
        (BY_CARD, {"trained": 2048}, "2,048 of 2,048 tokens"),
        (BY_CARD, {}, "4,096 or more tokens"),
        (Context(16_384, is_chosen=True), {"trained": 131_072}, "16,384 of 131,072 tokens"),
        (None, {"num_ctx": 8192}, "8,192 tokens"),
        (SILENT, {"trained": 131_072, "brought": 8192}, "8,192 of 131,072 tokens by its tag"),
        (BY_CARD, {"trained": 2048, "brought": 8192}, "2,048 of 2,048 tokens by its tag"),
        (Context(16_384, is_chosen=True), {"brought": 8192}, "8,192 tokens by its tag"),
        (SILENT, {"trained": 131_072, "brought": 8192, "num_ctx": 1024}, "1,024 of 131,072 tokens"),
        (SILENT, {"trained": 131_072, "brought": None}, "4,096 of 131,072 tokens unless its tag sets another"),
        (None, {"trained": 131_072, "brought": 8192}, "8,192 of 131,072 tokens by its tag"),
    ],
)
def test_every_model_has_its_context_in_words(context: Context | None, fields: dict[str, Any], words: str) -> None:
    one = model("tech", **fields)
    found = given_context(engine(context, one), one)
    assert found is not None
    assert found.words == words


def test_the_room_says_what_its_engine_does_by_itself() -> None:
    contexts = [
        resolve(spec, lock_of(spec))[HERE].engines[0].context
        for spec in (spec_of(), spec_of(context_length=8192), spec_of(gpu="amd"))
    ]
    assert contexts == [SILENT, Context(8192, is_chosen=True), BY_CARD]


def test_a_child_has_its_parents_context_and_length() -> None:
    spec = spec_of({"name": "tech", "from": FILE, "num_ctx": 2048}, {"name": "child", "from": "tech"})
    found = {one.name: one for one in created_models(spec, lock_of(spec), list(spec.models))}
    assert (found["child"].num_ctx, found["child"].trained) == (2048, 4096)


@pytest.mark.parametrize("brought", [8192, 0, None])
def test_a_model_and_its_children_have_the_context_of_their_tag(brought: int | None) -> None:
    spec = spec_of({"name": "tech", "from": "llama3:8b"}, {"name": "child", "from": "tech"}, {"name": "llama3:8b"})
    lock = lock_of(spec)
    models = {key: one.model_copy(update={"num_ctx": brought}) for key, one in lock.models.items()}
    found = created_models(spec, lock.model_copy(update={"models": models}), list(spec.models))
    assert [one.brought for one in found] == [brought] * 3
    ours = created_models(spec, lock, list(spec.models))
    assert [one.digest for one in found] == [one.digest for one in ours]
