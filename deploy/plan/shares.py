"""Models that the memory of their host's cards is too small for, with the share that lies on a card."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.deployment.host import Deployment
from deploy.fit.cards import SeenCard
from deploy.fit.share import Share, crowds, predicted
from deploy.hosts.observation.observe import Observation


def share_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield the models that will not lie whole on their cards, if the facts are known."""
    loads = {service.name: service.card_load for service in deployment.services if service.card_load}
    cards = [SeenCard(card.vendor, card.uuid, card.memory_bytes) for card in observation.cards]
    told: dict[str, list[str]] = {}
    for name, load in loads.items():
        for memory in load.models:
            share = predicted(name, memory.model, loads, cards)
            if isinstance(share, Share) and share.is_part:
                told.setdefault(share.advice, []).append(memory.model)
    yield from (f"{', '.join(dict.fromkeys(models))}: {words}" for words, models in told.items())
    yield from (f"{', '.join(crowd.models)} {crowd.advice}" for crowd in crowds(loads, cards))
