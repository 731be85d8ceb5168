"""Engines as the agent sees them: what they list, and what was remembered when their models were made."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from deploy.agent.protocols.names import same
from deploy.deployment.engines import Engine
from deploy.deployment.models import CreatedModel
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.prompts import Prompter
from deploy.verify.seen import Seen
from deploy.verify.web import LIMIT

LOADING_SECONDS = 480
"""How long an engine may be silent while it loads a model."""
SHOWING_SECONDS = 2.0
"""How long it may be silent before it describes a model."""


class Engines:
    """All of a stack's engines, asked once and at the same time."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    @cached_property
    def all(self) -> dict[str, Any]:
        """What each engine says, by its name."""
        found: dict[str, Any] = self.seen.part("engines")
        return found

    def makes_vectors_alone(self, model: str) -> bool:
        """Return whether an engine says that one of its models makes vectors and does not chat."""
        owners = (one for one in self.seen.deployment.engines if any(own.name == model for own in one.models))
        return any(self._is_mute(engine, model) for engine in owners)

    def _is_mute(self, engine: Engine, model: str) -> bool:
        try:
            return Prompter(self.seen, engine, SHOWING_SECONDS).makes_vectors_alone(model)
        except NotAsPlannedError:
            # The checks of the engine's own models tell of that.
            return False

    def prompter(self, engine: Engine) -> Prompter:
        """Return what asks an engine for prompts; it may have to load a model for one."""
        owners = [service for service in self.seen.deployment.services if service.name == engine.name]
        seconds = max((service.facts.get(LIMIT, 0) for service in owners), default=0)
        return Prompter(self.seen, engine, max(seconds, LOADING_SECONDS))

    def of(self, engine: Engine) -> dict[str, Any]:
        """Return what one of them says."""
        found: dict[str, Any] = self.all[engine.name]
        return found

    def difference(self, engine: Engine, model: CreatedModel) -> str:
        """Return in words what is wrong with a model; empty where nothing is."""
        seen = self.of(engine)
        if words := _damage(model, seen["lost"]):
            return words
        live, pair = _named(seen["models"], model.name), _named(seen["remembered"], model.name)
        if live is None:
            return "is missing"
        if pair is None or pair["request"] != model.digest:
            return "is not made as planned"
        return "" if pair["manifest"] == live["digest"] else "was changed in the engine"


def _named(found: dict[str, Any], name: str) -> Any:
    return next((one for known, one in found.items() if same(known) == same(name)), None)


def _damage(model: CreatedModel, lost: dict[str, str]) -> str:
    by_name = {same(name): words for name, words in lost.items()}
    if words := by_name.get(same(model.name)):
        return f"is damaged: {words}"
    base = model.base.name if model.base else ""
    return f"is made from {base}, which is damaged: {words}" if (words := by_name.get(same(base))) else ""
