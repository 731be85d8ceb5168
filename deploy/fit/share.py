"""Share of a model that lies on graphics cards, predicted before it is loaded.

The rule is common/fit.cpp of llama.cpp: all of a model if that leaves 1 GiB of each card free, else as many whole
layers as do; of a model with experts, the experts' weights go to the CPU first. A number of layers in the spec is taken
as it is. The share is that of all buffers of weights, cache and computing, as a log of llama-server names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deploy.deployment.memory import CardLoad, ModelMemory, Shape
from deploy.fit.cards import MARGIN, Memory, SeenCard, UnknownMemoryError, are_shared, memory_of
from deploy.fit.memory import GIB, Need, Range, need_of

SMALL_CONTEXT = 2048
"""Context that a model can be asked to do with."""


@dataclass(frozen=True)
class Share:
    """Share of a model on the cards, within two bounds."""

    least: float
    most: float
    need: Range
    """Memory of the cards that all of it takes."""
    cards: Memory
    layers: int = 0
    """Layers of the model, with its output as one more."""
    wanted_layers: int | None = None
    """Layers on the cards by the spec; None for as many as fit."""
    fits_with_less: bool = False
    """True if all of it fits with a small context."""
    sure: float = 0.0
    """Share that lies on the cards beside a busy desktop as well."""
    sure_layers: float = 0.0
    """The same as a share of the layers: buffers take the place of layers, and count as a part of the memory."""

    @property
    def is_whole(self) -> bool:
        """True if all of it is sure to lie on the cards of a machine with no other program on them."""
        return self.least >= 1

    @property
    def is_part(self) -> bool:
        """True if it is sure not to fit."""
        return self.most < 1 and self.wanted_layers is None

    @property
    def words(self) -> str:
        """Return the share in words."""
        if self.is_whole or self.most <= 0:
            return "all of it" if self.is_whole else "nothing of it"
        low, high = (round(100 * bound) for bound in (self.least, self.most))
        share = f"{low} %" if low == high else f"{low} to {high} %"
        return share if self.wanted_layers is None else f"{self.wanted_layers} of {self.layers} layers, {share}"

    @property
    def advice(self) -> str:
        """Return what a person should know of a model that does not fit, and can do."""
        about, needs = round(50 * (self.least + self.most)), self.need.least + self.need.most
        number = len(self.cards.each)
        have = "the card has" if number == 1 else f"the {number} cards have"
        cure = "a smaller context or quantization" if self.fits_with_less else "a smaller quantization or model"
        return (
            f"about {about} % on the card{'s' if number > 1 else ''} "
            f"(needs {round(needs / 2 / GIB)} GiB, {have} {round(self.cards.whole / GIB)}): slower; {cure} fits"
        )


@dataclass(frozen=True)
class Unknown:
    """No prediction, with the reason."""

    reason: str


@dataclass(frozen=True)
class Crowd:
    """Models of several services that stay loaded on the same cards, and do not fit together."""

    models: tuple[str, ...]
    need: Range
    cards: Memory

    @property
    def advice(self) -> str:
        """Return what a person should know of them."""
        need = round((self.need.least + self.need.most) / 2 / GIB)
        return (
            f"need {need} GiB of cards together, and there are {round(self.cards.whole / GIB)}: the last one to start"
            " is slower; another card or a smaller quantization for one of them helps"
        )


def predicted(
    service: str, model: str, loads: Mapping[str, CardLoad], cards: Sequence[SeenCard], held: int = 0
) -> Share | Unknown:
    """Return the share of a service's model, with what the stack's other services hold of its cards.

    Args:
        service: Service that loads the model.
        model: The model.
        loads: Every service of the host with cards, by name.
        cards: Cards of the host, in the order of their numbers.
        held: Memory that further models of the service hold.
    """
    load = loads[service]
    memory = next((each for each in load.models if each.model == model), None)
    if memory is None:
        return Unknown("it is no model of kit.yaml")
    if memory.shape is None:
        return Unknown(memory.unknown)
    try:
        own = memory_of(cards, load.vendor, load.chosen, memory.main_card)
    except UnknownMemoryError as problem:
        return Unknown(str(problem))
    others = {
        name: other
        for name, other in loads.items()
        if name != service and other.vendor == load.vendor and are_shared(load.chosen, other.chosen, cards, load.vendor)
    }
    if silent := [name for name, other in others.items() if not _is_known(other)]:
        return Unknown(f"{silent[0]} has memory of the same card, nobody knows how much")
    room = own.for_models(load.reserved_bytes)
    taken = sum((_held(other, own, is_first=load.is_resident) for other in others.values()), Range(0, held))
    room = Range(max(room.least - taken.most, 0), max(room.most - taken.least, 0))
    sure = max(own.beside_programs(load.reserved_bytes) - taken.most, 0)
    return share_of(memory, memory.shape, own, room, sure)


def crowds(loads: Mapping[str, CardLoad], cards: Sequence[SeenCard]) -> Iterator[Crowd]:
    """Yield the models that stay loaded side by side although only some of them fit."""
    resident = {name: load for name, load in loads.items() if load.is_resident and _is_known(load)}
    told: set[str] = set()
    for load in resident.values():
        near = {
            other
            for other, its in resident.items()
            if its.vendor == load.vendor and are_shared(load.chosen, its.chosen, cards, load.vendor)
        }
        if len(near) > 1 and not near <= told and (crowd := _crowd([resident[each] for each in sorted(near)], cards)):
            yield crowd
            told |= near


def _crowd(loads: Sequence[CardLoad], cards: Sequence[SeenCard]) -> Crowd | None:
    try:
        memories = [memory_of(cards, load.vendor, load.chosen) for load in loads]
    except UnknownMemoryError:
        return None
    most = max(memories, key=lambda memory: memory.whole)
    needs = [
        need_of(memory, memory.shape, most.whole).on_card for load in loads for memory in load.models if memory.shape
    ]
    names = tuple(memory.model for load in loads for memory in load.models)
    need = sum(needs, Range(0, 0))
    return Crowd(names, need, most) if need.least > most.for_models().most + MARGIN else None


def share_of(memory: ModelMemory, shape: Shape, cards: Memory, room: Range, sure_room: int) -> Share:
    """Return the share of a model on cards that have this much room for it, and this much beside a busy desktop."""
    number = len(cards.each)
    need = need_of(memory, shape, cards.whole, number)
    all_of_it = need.on_card + need.buffers.times(number - 1)
    if memory.wanted_layers is not None:
        least, most = _of_layers(need, memory.wanted_layers, number)
        sure, sure_layers = least, min(memory.wanted_layers / (need.layers + 1), 1.0)
    else:
        least, most = _filled(need, all_of_it, room, number)
        sure_layers = _least_layers(need, all_of_it, sure_room, number)
        # Buffers alone are no reason for an engine to use a card.
        sure = _least_filled(need, all_of_it, sure_room, number) if sure_layers else 0.0
    small = replace(memory, tokens=SMALL_CONTEXT, slots=1)
    fits = need_of(small, shape, cards.whole).on_card.least <= room.most
    return Share(least, most, all_of_it, cards, shape.layers + 1, memory.wanted_layers, fits, sure, sure_layers)


def _filled(need: Need, all_of_it: Range, room: Range, number: int) -> tuple[float, float]:
    """Return the share of a model that takes as much of the cards as there is."""
    least = _least_filled(need, all_of_it, room.least, number)
    whole = need.everywhere + need.buffers.times(number - 1)
    return least, 1.0 if all_of_it.least <= room.most else min(room.most / whole.least, 1.0)


def _least_filled(need: Need, all_of_it: Range, room: int, number: int) -> float:
    """Return the least share of a model's memory on cards with this much room together."""
    if all_of_it.most <= room:
        return 1.0
    whole = need.everywhere + need.buffers.times(number - 1)
    # Layers of a file differ in size, and each card is filled with whole ones.
    unused = number * max(need.layer.most * 3 // 2, need.vocabulary.most)
    return min(max(room - unused - need.untold, 0) / whole.most, 1.0)


def _least_layers(need: Need, all_of_it: Range, room: int, number: int) -> float:
    """Return the least share of a model's layers on cards with this much room together."""
    if all_of_it.most <= room:
        return 1.0
    # The last layers, which come first on a card, are heavier than the mean: 6 % in an 8B model of Q4_K_M.
    layer = need.layer.most * 9 // 8
    room -= number * (need.buffers.most + layer) + need.vocabulary.most + need.untold
    return min(max(room, 0) // layer, need.layers) / (need.layers + 1)


def _of_layers(need: Need, wanted: int, number: int) -> tuple[float, float]:
    """Return the share of a model whose number of layers on the cards is given; the output is one of them or none."""
    if wanted == 0 or wanted > need.layers:
        return (0.0, 0.0) if wanted == 0 else (1.0, 1.0)
    buffers = need.buffers.times(number)
    there = Range(need.layer.least * (wanted - 1), need.layer.most * wanted + need.vocabulary.most) + buffers
    return there.least / (there.least + _rest(need, wanted).most), there.most / (there.most + _rest(need, wanted).least)


def _rest(need: Need, wanted: int) -> Range:
    """Return the memory of the CPU beside this many layers on cards."""
    layers = need.layers - wanted
    vocabulary = Range(need.vocabulary.least, 2 * need.vocabulary.most)
    return Range(need.layer.least * layers, need.layer.most * (layers + 1)) + vocabulary + Range(0, need.buffers.most)


def _is_known(load: CardLoad) -> bool:
    return bool(load.models) and all(memory.shape is not None for memory in load.models)


def _held(load: CardLoad, cards: Memory, *, is_first: bool) -> Range:
    """Return the memory that another service's models hold: a resident one is loaded before what comes by request."""
    needs = [need_of(memory, memory.shape, cards.whole).on_card for memory in load.models if memory.shape]
    together = sum(needs, Range(0, 0))
    is_there = load.is_resident and not is_first
    return Range(min(together.least, cards.whole) if is_there else 0, together.most)
