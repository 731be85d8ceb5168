"""Prompts as an engine makes them: it is asked for one, and for what a model of it is made of."""

from __future__ import annotations

from typing import Any, NamedTuple

from deploy.agent.protocols.engine import Engine
from deploy.agent.protocols.shown import built_in

QUESTION = "The capital of France is"


class Making(NamedTuple):
    """What makes a model's prompts, by its engine's own word."""

    template: str
    renderer: str


class Prompter(Engine):
    """An engine that says which prompt it would hand to a model."""

    def making(self, model: str) -> Making:
        """Return the template that the engine takes for a model, and the renderer that goes before it."""
        shown = self._object("POST", "/api/show", {"model": model}, f"looking at {model}")
        renderer = built_in(str(shown.get("modelfile") or "")).get("renderer", "")
        return Making(str(shown.get("template") or ""), renderer)

    def prompt(self, model: str, template: str | None = None) -> str | None:
        """Return a prompt, made with a template where one is given; None where the engine does not tell prompts.

        The model is loaded for it and asked nothing.
        """
        asked: dict[str, Any] = {"model": model, "prompt": QUESTION, "stream": False, "truncate": False}
        given = {} if template is None else {"template": template}
        doing = f"asking for a prompt of {model}"
        answer = self._object("POST", "/api/generate", {**asked, **given, "_debug_render_only": True}, doing)
        told: str | None = (answer.get("_debug_info") or {}).get("rendered_template")
        return told
