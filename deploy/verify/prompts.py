"""Prompts as an engine makes them, and the parts that make them; the agent asks for both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from deploy.agent.contract.verbs import ENGINE
from deploy.deployment.engines import Engine
from deploy.hosts.observation.asked import engine_request
from deploy.stack import Stack
from deploy.verify.evidence import HostEvidence

if TYPE_CHECKING:
    from deploy.agent.contract.engines import EngineAnswer, QuestionRequest

CONNECT_SECONDS = 2.0


class Making(NamedTuple):
    """The parts that make a model's prompts, by its engine's own word."""

    template: str
    renderer: str


class Prompter:
    """An engine that tells the prompt that it would give to a model."""

    def __init__(self, evidence: HostEvidence, engine: Engine, seconds: float) -> None:
        self._evidence = evidence
        self._engine = engine
        self._seconds = seconds

    def making(self, model: str) -> Making:
        """Return the template that the engine takes for a model, and the renderer that goes before it."""
        answer = self._asked(self._question("making", model))
        return Making(answer["template"], answer["renderer"])

    def prompt(self, model: str, template: str | None = None) -> str | None:
        """Return a prompt, made with the given template if there is one; None if the engine tells no prompts.

        The model is loaded for it and asked nothing.
        """
        request = self._question("prompt", model)
        request["template"] = template
        return self._asked(request)["prompt"]

    def makes_vectors_alone(self, model: str) -> bool:
        """Return True if the engine says that a model makes vectors and does not chat."""
        able = self._asked(self._question("capabilities", model))["capabilities"]
        return bool(able) and "completion" not in able

    def _question(self, act: Literal["capabilities", "making", "prompt"], model: str) -> QuestionRequest:
        deployment = self._evidence.deployment
        return {
            "root": Stack(deployment.stack).root,
            "ca": deployment.fetch.ca,
            "stack": deployment.stack,
            "engine": engine_request(self._engine),
            "act": act,
            "model": model,
            "limits": [CONNECT_SECONDS, self._seconds],
        }

    def _asked(self, request: QuestionRequest) -> EngineAnswer:
        return self._evidence.call(ENGINE, request)
