"""The checks of every engine whose models are made over its API; the kit may run it or not."""

from __future__ import annotations

import pytest

from deploy.agent.line import Line
from deploy.deployment.engines import Engine
from deploy.deployment.models import CreatedModel, templated
from deploy.verify.checks import ensure
from deploy.verify.engines import Engines
from deploy.verify.prompts import Making


def test_answers_the_host(engine: Engine, engines: Engines) -> None:
    problem = engines.of(engine)["problem"]
    ensure(not problem, str(problem))


def test_makes_prompts_with_the_planned_template(engine: Engine, engines: Engines) -> None:
    models = templated(engine.models)
    if not models:
        pytest.skip("the spec gives no model a template")
    ensure(not engines.of(engine)["problem"], "nobody can tell")
    asked = engines.prompter(engine)
    for model in models:
        _ensure_heeded(engine, model, asked.making(model.listed_as))
    # The lightest model is loaded for it: the rest of the question is the engine's own, the same for each model.
    lightest, given = models[0].listed_as, models[0].request["template"]
    own = asked.prompt(lightest)
    if own is None:
        pytest.skip("the engine does not say which prompts it makes")
    ensure(own == asked.prompt(lightest, given), _unheeded(engine, models[0]))


def _ensure_heeded(engine: Engine, model: CreatedModel, making: Making) -> None:
    brought = f"{model.name} makes its prompts with the renderer {making.renderer} of what it is made from, not with"
    ensure(not making.renderer, f"{brought} the `template` of kit.yaml; leave `template` out there")
    ensure(making.template == model.request["template"], _unheeded(engine, model))


def _unheeded(engine: Engine, model: CreatedModel) -> str:
    words = f"{model.name} makes its prompts with the chat template of its file, not with the `template` of kit.yaml"
    return f"{words}; {engine.heeding}"


def test_has_its_models_as_they_were_made(engine: Engine, engines: Engines) -> None:
    seen = engines.of(engine)
    ensure(not seen["problem"], "nobody can tell")
    wrong = [f"{model.name} {why}" for model in engine.models if (why := engines.difference(engine, model))]
    ensure(not wrong, f"{', '.join(wrong)}; `{Line('apply')}` mends it")
