"""What holds for every engine whose models are made over its API, whether the kit runs it or not."""

from __future__ import annotations

from deploy.agent.line import Line
from deploy.deployment import Engine
from deploy.verify.checks import ensure
from deploy.verify.engines import Engines


def test_answers_the_host(engine: Engine, engines: Engines) -> None:
    problem = engines.of(engine)["problem"]
    ensure(not problem, str(problem))


def test_has_its_models_as_they_were_made(engine: Engine, engines: Engines) -> None:
    seen = engines.of(engine)
    ensure(not seen["problem"], "nobody can tell")
    wrong = [f"{model.name} {why}" for model in engine.models if (why := engines.difference(engine, model))]
    ensure(not wrong, f"{', '.join(wrong)}; `{Line('apply')}` mends it")
