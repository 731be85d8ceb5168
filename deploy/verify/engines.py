"""Engines as the agent sees them: their models, and the records of how these were made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import urlsplit

from deploy.agent.protocols.doors.names import same
from deploy.deployment.engines import Engine
from deploy.deployment.models import CreatedModel
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.evidence import HostEvidence
from deploy.verify.left_out import NOBODY, LeftOut
from deploy.verify.prompts import Prompter
from deploy.verify.web import LIMIT

if TYPE_CHECKING:
    from deploy.agent.contract.engines import SeenEngine

Fact = TypeVar("Fact")
LOADING_SECONDS = 480
"""Timeout of an engine that loads a model."""
SHOWING_SECONDS = 2.0
"""Timeout of an engine that describes a model."""


class Engines:
    """All of a stack's engines, asked once and at the same time."""

    def __init__(self, evidence: HostEvidence, away: LeftOut = NOBODY) -> None:
        self.evidence = evidence
        self.away = away

    def is_away(self, url: str) -> bool:
        """Return True if an address is one of a host that is left out."""
        return urlsplit(url).hostname in self.away.addresses

    def makes_vectors_alone(self, model: str) -> bool:
        """Return True if an engine says that one of its models makes vectors and does not chat."""
        engines = self.evidence.deployment.engines
        owners = (engine for engine in engines if any(own.name == model for own in engine.models))
        return any(self._is_mute(engine, model) for engine in owners)

    def _is_mute(self, engine: Engine, model: str) -> bool:
        try:
            return Prompter(self.evidence, engine, SHOWING_SECONDS).makes_vectors_alone(model)
        except NotAsPlannedError:
            # The checks of the engine's own models tell of that.
            return False

    def prompter(self, engine: Engine) -> Prompter:
        """Return the way to ask an engine for prompts; it may have to load a model for one."""
        owners = [service for service in self.evidence.deployment.services if service.name == engine.name]
        seconds = max((service.facts.get(LIMIT, 0) for service in owners), default=0)
        return Prompter(self.evidence, engine, max(seconds, LOADING_SECONDS))

    def of(self, engine: Engine) -> SeenEngine:
        """Return an engine as the agent sees it."""
        # The agent answers in the kind that it is asked in: this engine creates its models.
        return cast("SeenEngine", self.evidence.engines[engine.name])

    def difference(self, engine: Engine, model: CreatedModel) -> str:
        """Return the difference of a model from the planned one in words; empty without any."""
        seen = self.of(engine)
        if words := _damage(model, seen["lost"]):
            return words
        live, pair = _named(seen["models"], model.name), _named(seen["remembered"], model.name)
        if live is None:
            return "is missing"
        if pair is None or pair["request"] != model.digest:
            return "is not made as planned"
        return "" if pair["manifest"] == live["digest"] else "was changed in the engine"


def _named(facts: Mapping[str, Fact], name: str) -> Fact | None:
    return next((fact for known, fact in facts.items() if same(known) == same(name)), None)


def _damage(model: CreatedModel, lost: dict[str, str]) -> str:
    by_name = {same(name): words for name, words in lost.items()}
    if words := by_name.get(same(model.name)):
        return f"is damaged: {words}"
    base = model.base.name if model.base else ""
    return f"is made from {base}, which is damaged: {words}" if (words := by_name.get(same(base))) else ""
