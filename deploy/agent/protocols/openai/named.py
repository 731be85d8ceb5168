"""One engine with models of its own: the kit asks for their names and makes none on it."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.agent.errors import AgentError
from deploy.agent.protocols.caller import Caller, RefusedError, words_of
from deploy.agent.stack.deployed import deployed

PATH = "/models"
DOING = "asking for its models"
# What answers under an address, and is not the list that was asked for.
ELSEWHERE = (404, 405)
SHOWN = 80


class NamedEngine(Caller):
    """One engine that is only asked for its models."""

    protocol = "openai"

    def models(self) -> tuple[str, ...]:
        """Return the names of the engine's models."""
        return tuple(self.owners())

    def owners(self) -> dict[str, str]:
        """Return the names of the engine's models, each with its owner as the engine states it."""
        try:
            with self._asked("GET", PATH, DOING) as reply:
                raw = reply.body()
        except RefusedError as answer:
            if answer.status in ELSEWHERE:
                raise self._strange(str(answer.status)) from None
            raise
        try:
            said = json.loads(raw)
            listed = said["data"] if isinstance(said, dict) else said
            return {str(model["id"]): str(model.get("owned_by", "")) for model in listed or ()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._strange(f"{words_of(raw)[:SHOWN]!r}") from None

    @property
    def _next(self) -> str:
        return f"check the engine at {self.address} yourself, then run the same command again"

    def _strange(self, answer: str) -> AgentError:
        words = f"GET {self.address}{PATH} answered {answer}, where a list of models as JSON was expected"
        return self.failure(
            DOING, words, f"let `url` of {self.name} in kit.yaml be where its OpenAI API begins, as http://HOST:PORT/v1"
        )


def applied_names(root: Path, engine: str, address: str) -> dict[str, str]:
    """Return the models that the current release requests from an engine at this address, with the engine's names."""
    return {
        name: known
        for named in deployed(root / "current").get("named_engines", [])
        if (named["name"], named["address"]) == (engine, address)
        for name, known in named["models"]
    }
