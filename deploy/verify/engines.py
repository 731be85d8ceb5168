"""Engines as the agent sees them: what they list, and what was remembered when their models were made."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from deploy.agent.engines.observe import LIMITS, observe
from deploy.agent.errors import AgentError
from deploy.agent.protocols.engine import Engine as AgentEngine
from deploy.agent.protocols.names import same
from deploy.agent.protocols.wire import Limits
from deploy.deployment.engines import Engine
from deploy.deployment.host import Deployment
from deploy.deployment.models import CreatedModel
from deploy.hosts.observe import engine_request
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.prompts import Prompter
from deploy.verify.web import LIMIT

LOADING_SECONDS = 480
"""How long an engine may be silent while it loads a model."""


class Engines:
    """All of a stack's engines, asked once and at the same time."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    @cached_property
    def all(self) -> dict[str, Any]:
        """What each engine says, by its name."""
        asked = [engine_request(engine) for engine in self.deployment.engines]
        try:
            return observe(asked, Path(self.deployment.root), self.deployment.fetch.ca)
        except PermissionError as problem:
            raise NotAsPlannedError(f"only root can read {problem.filename}; run the same command as root") from None
        except AgentError as problem:
            raise NotAsPlannedError(f"{problem.problem}; {problem.next_step}") from None

    def makes_vectors_alone(self, model: str) -> bool:
        """Return whether an engine says that one of its models makes vectors and does not chat."""
        owners = (one for one in self.deployment.engines if any(own.name == model for own in one.models))
        return any(self._is_mute(engine, model) for engine in owners)

    def _is_mute(self, engine: Engine, model: str) -> bool:
        asked = AgentEngine(engine_request(engine), Path(self.deployment.root), self.deployment.fetch.ca, LIMITS)
        try:
            able = asked.capabilities(model)
        except AgentError:
            # The checks of the engine's own models tell of that.
            return False
        return bool(able) and "completion" not in able

    def prompter(self, engine: Engine) -> Prompter:
        """Return what asks an engine for prompts; it may have to load a model for one."""
        owners = [service for service in self.deployment.services if service.name == engine.name]
        seconds = max((service.facts.get(LIMIT, 0) for service in owners), default=0)
        limits = Limits(LIMITS.connect, max(seconds, LOADING_SECONDS))
        return Prompter(engine_request(engine), Path(self.deployment.root), self.deployment.fetch.ca, limits)

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
