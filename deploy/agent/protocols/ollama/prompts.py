"""Prompts as an engine makes them: it is asked for one, and for what makes those of a model."""

from __future__ import annotations

from typing import Any

from deploy.agent.protocols.ollama.engine import Engine
from deploy.agent.protocols.ollama.shown import built_in

QUESTION = "The capital of France is"


def making(engine: Engine, model: str) -> tuple[str, str]:
    """Return the template that the engine takes for a model, and the renderer that goes before it."""
    shown = engine.show(model)
    renderer = built_in(str(shown.get("modelfile") or "")).get("renderer", "")
    return str(shown.get("template") or ""), renderer


def prompt(engine: Engine, model: str, template: str | None) -> str | None:
    """Return a prompt, made with a template where one is given; None where the engine does not tell prompts.

    The model is loaded for it and asked nothing.
    """
    asked: dict[str, Any] = {"model": model, "prompt": QUESTION, "stream": False, "truncate": False}
    given = {} if template is None else {"template": template}
    return engine.rendered({**asked, **given})
