"""Predicted shares for the checks of engines with a card."""

from __future__ import annotations

from deploy.deployment.service import Service
from deploy.fit.cards import Memory
from deploy.fit.memory import Range
from deploy.fit.share import Share, Unknown
from deploy.verify.shares import Shares

NEED, CARD = Range(9, 10), Memory((8,))
WHOLE, PART = (Share(*bounds, NEED, CARD, sure=bounds[0], sure_layers=bounds[0]) for bounds in ((1.0, 1.0), (0.3, 0.5)))
BUSY = Share(0.9, 1.0, NEED, CARD, sure=0.4, sure_layers=0.3)
NO_ROOM = Share(0.1, 0.2, NEED, CARD)
LAYERS = Share(0.2, 0.3, NEED, CARD, layers=65, wanted_layers=20, sure=0.2)
NOBODY_KNOWS = Unknown("nobody knows")


class Predicted(Shares):
    """Predictions that are given."""

    def __init__(self, share: Share | Unknown) -> None:
        self.share = share
        self.held = 0

    def of(self, _service: Service, _model: str, held: int = 0) -> Share | Unknown:
        """Return what the rule would say."""
        self.held = held
        return self.share
