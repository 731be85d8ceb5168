"""Memory that graphics cards have for models.

Sources: common/fit.cpp of llama.cpp, which leaves 1 GiB of each card free (`--fit-target`) and fills the rest with
whole layers; logs of cards without a model that people published: a card of 16,380 MiB with 15,221 MiB free, 24,575
with 23,332, 32,606 with 30,991, and 11,902 with 10,603 under a desktop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.fit.memory import GIB, Range

MARGIN = GIB
"""Memory of each card that llama.cpp leaves free."""
FREE_MOST, FREE_LEAST = 0.985, 0.93
"""Part of an idle card's memory that programs get, at most and at least."""
DESKTOP = GIB
"""Memory that an idle desktop takes of a card, at most."""
PROGRAMS_LEAST, PROGRAMS_PART = 3 * GIB, 0.2
"""Memory allowed to the programs of a busy desktop on each card, by assumption: the larger of a size and a part."""
LEAST_OWN = 3 * GIB
"""Graphics inside a processor have less memory of their own, and share the machine's."""


@dataclass(frozen=True)
class SeenCard:
    """A card as its host tells it."""

    vendor: str
    uuid: str | None
    memory_bytes: int | None


class UnknownMemoryError(ValueError):
    """The memory of a card is unknown; the message tells why."""


@dataclass(frozen=True)
class Memory:
    """Memory of the cards that a service computes on."""

    each: tuple[int, ...]
    """Memory of each card."""

    @property
    def whole(self) -> int:
        """Memory of all cards."""
        return sum(self.each)

    def for_models(self, reserved: int = 0) -> Range:
        """Return the memory of all cards that a first model gets."""
        least = (int(card * FREE_LEAST) - DESKTOP - MARGIN - reserved for card in self.each)
        most = (int(card * FREE_MOST) - MARGIN for card in self.each)
        return Range(*(sum(max(card, 0) for card in cards) for cards in (least, most)))

    def beside_programs(self, reserved: int = 0) -> int:
        """Return the memory of all cards that a first model is sure to get beside a busy desktop."""
        taken = (max(PROGRAMS_LEAST, int(card * PROGRAMS_PART)) + MARGIN + reserved for card in self.each)
        return sum(max(int(card * FREE_LEAST) - its, 0) for card, its in zip(self.each, taken, strict=True))


def memory_of(cards: Sequence[SeenCard], vendor: str, chosen: Sequence[str], main: int | None = None) -> Memory:
    """Return the memory of a vendor's chosen cards; UnknownMemoryError tells why it is unknown."""
    own = [card for card in cards if card.vendor == vendor]
    known = {card.uuid.lower(): card for card in own if card.uuid}
    known |= {str(number): card for number, card in enumerate(own)}
    try:
        mine = [known[name.lower()] for name in chosen] if chosen else own
        mine = mine if main is None else [mine[main]]
    except (KeyError, IndexError):
        raise UnknownMemoryError("the host does not show its card") from None
    sizes = [card.memory_bytes for card in mine if card.memory_bytes is not None]
    if not mine or len(sizes) < len(mine):
        raise UnknownMemoryError("the host does not tell the memory of its card")
    if min(sizes) < LEAST_OWN:
        if max(sizes) >= LEAST_OWN:
            raise UnknownMemoryError(
                f"one of its cards has less than {LEAST_OWN // GIB} GiB; name the others under `devices`"
            )
        raise UnknownMemoryError(f"its card{' shares' if len(sizes) == 1 else 's share'} the memory of the machine")
    return Memory(tuple(sizes))


def are_shared(first: Sequence[str], second: Sequence[str], cards: Sequence[SeenCard], vendor: str) -> bool:
    """Return True if two choices among a vendor's cards have a card in common."""
    own = [card.uuid.lower() if card.uuid else "" for card in cards if card.vendor == vendor]
    every = {str(number) for number in range(len(own))}

    def numbers(chosen: Sequence[str]) -> set[str]:
        names = (name.lower() for name in chosen)
        return {str(own.index(name)) if name in own else name for name in names} or every

    return bool(numbers(first) & numbers(second))
