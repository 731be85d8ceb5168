"""Shares of models on graphics cards: the predicted one, compared with the one that an engine tells."""

from __future__ import annotations

import pytest

from deploy.agent.line import Line
from deploy.deployment.service import Service
from deploy.fit.cards import SeenCard
from deploy.fit.shape import UNREAD
from deploy.fit.share import Share, Unknown, predicted
from deploy.verify.checks import NotAsPlannedError, ensure
from deploy.verify.evidence import HostEvidence

LISTING = {"nvidia": "nvidia-smi", "amd": "rocm-smi --showpids"}
"""Program that lists what holds the memory of a vendor's cards."""


class Shares:
    """Predictions for the models of a host, from the same rule and facts as the plan's."""

    def __init__(self, evidence: HostEvidence) -> None:
        self._evidence = evidence

    def of(self, service: Service, model: str, held: int = 0) -> Share | Unknown:
        """Return the share of a service's model, beside further models of the service that hold memory."""
        loads = {each.name: each.card_load for each in self._evidence.deployment.services if each.card_load}
        if service.name not in loads:
            return Unknown("it has no card")
        try:
            cards = self._evidence.cards
        except NotAsPlannedError as problem:
            return Unknown(str(problem))
        seen = [SeenCard(card["vendor"], card["uuid"], card["memory_bytes"]) for card in cards]
        share = predicted(service.name, model, loads, seen, held)
        if isinstance(share, Unknown) and share.reason == UNREAD:
            return Unknown(f"{share.reason}; `{Line('lock', '--upgrade', model)}` reads it")
        return share


def ensure_no_room(figures: str, sure: float | None) -> None:
    """Skip a model with nothing on the cards if no part of it is sure to fit; fail otherwise.

    Raises:
        NotAsPlannedError: A part of it fits, or nothing was predicted.
        pytest.skip.Exception: No part of it is sure to fit.
    """
    if sure is not None and sure <= 0:
        pytest.skip(f"{figures}: the memory of the card may be too small for a part of it")
    raise NotAsPlannedError(f"computes on the CPU: {figures}")


def ensure_as_predicted(service: Service, figures: str, seen: float, share: Share | Unknown, sure: float = 0) -> str:
    """Compare the share that an engine tells with the predicted one; return both in words.

    Args:
        service: The engine.
        figures: What it tells, in words.
        seen: What it tells, as a share.
        share: The prediction.
        sure: Least share beside a busy desktop, in the unit of what it tells.

    Raises:
        NotAsPlannedError: It is not the predicted one.
        pytest.skip.Exception: A part lies on the cards, and nothing was predicted.
    """
    if isinstance(share, Unknown):
        if seen < 1:
            # A model larger than its card works, slower; red would leave a right release unaccepted.
            pytest.skip(f"{figures}, the rest is computed by the CPU; not compared with a prediction: {share.reason}")
        return figures
    both = f"{figures}; predicted: {share.words}"
    if share.wanted_layers is not None:
        is_right = share.least <= seen <= share.most or share.most >= 1
        ensure(is_right, f"{both}; `{Line('logs', service.name)}` tells what its engine did")
    if seen < share.least and sure < share.least:
        both = f"{both}, or {round(100 * sure)} % and more beside other programs"
    program = LISTING.get(service.facts["gpu"])
    listed = f", which `{program}` lists on the host" if program else ""
    again = f"`{Line('restart', service.name)}` loads it anew"
    ensure(seen >= sure, f"{both}; another program may hold memory of the card{listed}; {again}")
    return both
