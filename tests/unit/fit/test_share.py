"""Share of a model on cards: the rule's answer by the memory of the cards and the wishes of the spec."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deploy.deployment.memory import CardLoad, ModelMemory
from deploy.fit.cards import Memory, SeenCard, UnknownMemoryError, are_shared, memory_of
from deploy.fit.memory import GIB
from deploy.fit.share import Share, Unknown, crowds, predicted
from tests.unit.fit.shapes import BY_ENGINE, shape

MIB = 2**20
NVIDIA = tuple(f"GPU-{number:08d}-0000-0000-0000-000000000000" for number in range(3))


def cards(*sizes: float | None, vendor: str = "nvidia") -> list[SeenCard]:
    return [
        SeenCard(vendor, uuid, None if size is None else int(size * GIB))
        for uuid, size in zip(NVIDIA, sizes, strict=False)
    ]


def memory(name: str, **settings: Any) -> ModelMemory:
    return ModelMemory(name, shape(name), **BY_ENGINE, **settings)


def share(name: str, *sizes: float, **settings: Any) -> Share:
    told = predicted("main", name, {"main": CardLoad("nvidia", (), (memory(name, **settings),))}, cards(*sizes))
    assert isinstance(told, Share)
    return told


@pytest.mark.parametrize(
    ("name", "tokens", "gib", "words"),
    [
        ("gemma3", 2048, 8, "all of it"),
        ("llama 3B", 4096, 8, "all of it"),
        ("qwen3 32B", 8192, 32, "all of it"),
        ("qwen3 32B", 8192, 24, "83 to 100 %"),
        ("qwen3 32B", 8192, 16, "52 to 70 %"),
        ("qwen3 32B", 40_960, 24, "57 to 78 %"),
        ("llama 70B", 2048, 24, "49 to 59 %"),
    ],
)
def test_the_share_by_the_memory_of_one_card(name: str, tokens: int, gib: int, words: str) -> None:
    assert share(name, gib, tokens=tokens).words == words


def test_the_share_that_an_engine_reported_lies_within_the_bounds() -> None:
    # github.com/ollama/ollama issue 5913: 23.7 of 43.1 GiB of llama3:70b on a card of 24 GiB, with an engine that
    # leaves no margin; issue 3301: 13,771.88 MiB of it on a card of 16 GiB, 38,110.61 MiB with the CPU.
    told = share("llama 70B", 24, tokens=2048)
    assert told.least <= 23.7 / 43.1 <= told.most
    told = share("llama 70B", 16, tokens=2048)
    assert told.least <= 13_771.88 / 38_110.61 <= told.most


def test_a_larger_card_never_holds_less() -> None:
    shares = [share("qwen3 32B", gib, tokens=8192) for gib in range(4, 40)]
    assert [each.least for each in shares] == sorted(each.least for each in shares)
    assert [each.most for each in shares] == sorted(each.most for each in shares)
    assert all(0 <= each.least <= each.most <= 1 for each in shares)


def test_several_cards_hold_more_and_each_has_buffers_of_its_own() -> None:
    assert share("qwen3 32B", 16, 16, tokens=8192).is_whole
    assert share("llama 70B", 24, 24, tokens=2048).least > share("llama 70B", 24, tokens=2048).most
    one, two = share("qwen3 32B", 16, tokens=8192), share("qwen3 32B", 8, 8, tokens=8192)
    assert two.most < one.most
    assert two.need.most > one.need.most


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (0, "nothing of it"),
        (1, "1 of 65 layers, 1 to 10 %"),
        (20, "20 of 65 layers, 26 to 37 %"),
        (64, "64 of 65 layers, 88 to 99 %"),
        (65, "all of it"),
        (999, "all of it"),
    ],
)
def test_layers_of_the_spec_are_taken_as_they_are_whatever_the_card(wanted: int, words: str) -> None:
    for gib in (8, 48):
        told = share("qwen3 32B", gib, tokens=8192, wanted_layers=wanted)
        assert told.words == words
        assert not told.is_part


def test_what_does_not_fit_is_told_with_a_cure_that_helps() -> None:
    assert share("qwen3 32B", 16, tokens=8192).advice == (
        "about 61 % on the card (needs 21 GiB, the card has 16): slower; a smaller quantization or model fits"
    )
    assert share("qwen3 32B", 24).advice == (
        "about 75 % on the card (needs 27 GiB, the card has 24): slower; a smaller context or quantization fits"
    )
    assert "on the cards (needs 38 GiB, the 2 cards have 32)" in share("llama 70B", 16, 16, tokens=2048).advice


@pytest.mark.parametrize(
    ("seen", "load", "reason"),
    [
        ([], {}, "does not tell the memory of its card"),
        (cards(None), {}, "does not tell the memory of its card"),
        (cards(24, None), {}, "does not tell the memory of its card"),
        (cards(24, vendor="amd"), {}, "does not tell the memory of its card"),
        (cards(0.5, vendor="amd"), {"vendor": "amd"}, "shares the memory of the machine"),
        (
            cards(0.5, 20, vendor="amd"),
            {"vendor": "amd"},
            "one of its cards has less than 3 GiB; name the others under",
        ),
        (cards(0.5, 2, vendor="amd"), {"vendor": "amd"}, "its cards share the memory of the machine"),
        (cards(24), {"chosen": ("1",)}, "does not show its card"),
        (cards(24), {"models": (ModelMemory("m", None, "kit.lock has no header"),)}, "kit.lock has no header"),
        (cards(24), {"models": ()}, "it is no model of kit.yaml"),
    ],
)
def test_nothing_is_predicted_without_the_facts(seen: list[SeenCard], load: dict[str, Any], reason: str) -> None:
    models = (replace(memory("gemma3"), model="m"),)
    told = predicted("main", "m", {"main": CardLoad(**{"vendor": "nvidia", "models": models, **load})}, seen)
    assert isinstance(told, Unknown)
    assert reason in told.reason


def test_cards_are_chosen_by_number_and_by_uuid_in_any_letters() -> None:
    seen = [SeenCard("intel", None, None), *cards(24, 16, 12)]
    assert memory_of(seen, "nvidia", ()) == Memory((24 * GIB, 16 * GIB, 12 * GIB))
    assert memory_of(seen, "nvidia", ("1", NVIDIA[2].lower())).each == (16 * GIB, 12 * GIB)
    assert memory_of(seen, "nvidia", ("2", "0"), main=0).each == (12 * GIB,)
    with pytest.raises(UnknownMemoryError):
        memory_of(seen, "nvidia", ("0",), main=1)
    assert are_shared((), ("1",), seen, "nvidia")
    assert are_shared((NVIDIA[1],), ("1",), seen, "nvidia")
    assert not are_shared(("0",), (NVIDIA[1], "2"), seen, "nvidia")


def test_a_server_that_stays_loaded_leaves_less_to_one_that_loads_by_request() -> None:
    loads = {
        "main": CardLoad("nvidia", (), (memory("qwen3 32B", tokens=8192),)),
        "side": CardLoad("nvidia", (), (memory("llama 70B", tokens=2048),), is_resident=True),
    }
    alone = share("qwen3 32B", 32, 32, tokens=8192)
    beside = predicted("main", "qwen3 32B", loads, cards(32, 32))
    assert isinstance(beside, Share)
    assert alone.is_whole
    assert beside.least < beside.most <= 1
    assert not beside.is_whole
    # What loads by request may have been there first, or not at all.
    first = predicted("side", "llama 70B", loads, cards(32, 32))
    assert isinstance(first, Share)
    assert (first.is_whole, first.is_part) == (False, False)
    apart = {"main": replace(loads["main"], chosen=("0",)), "side": replace(loads["side"], chosen=("1",))}
    told = predicted("main", "qwen3 32B", apart, cards(32, 48))
    assert isinstance(told, Share)
    assert told.is_whole


@pytest.mark.parametrize("models", [(), (ModelMemory("x", None, "nobody knows"),)])
def test_a_service_of_unknown_memory_on_the_same_card_leaves_no_prediction(models: tuple[ModelMemory, ...]) -> None:
    loads = {
        "main": CardLoad("nvidia", (), (memory("gemma3"),)),
        "open_webui": CardLoad("nvidia", (), models, is_resident=True),
    }
    told = predicted("main", "gemma3", loads, cards(24))
    assert told == Unknown("open_webui has memory of the same card, nobody knows how much")
    assert isinstance(predicted("main", "gemma3", {**loads, "open_webui": CardLoad("amd")}, cards(24)), Share)


def test_further_models_of_its_engine_leave_less_to_a_model_or_were_loaded_after_it() -> None:
    load = CardLoad("nvidia", (), (memory("llama 3B", tokens=4096),))
    for held, least, is_whole in ((0, 1.0, True), (GIB, 1.0, True), (4 * GIB, 0.3, False), (9 * GIB, 0.0, False)):
        told = predicted("main", "llama 3B", {"main": load}, cards(8), held)
        assert isinstance(told, Share)
        assert (told.least >= least, told.most, told.is_whole) == (True, 1.0, is_whole)


def test_memory_that_the_spec_reserves_lowers_what_is_sure() -> None:
    load = CardLoad("nvidia", (), (memory("qwen3 32B", tokens=8192),), reserved_bytes=12 * GIB)
    told = predicted("main", "qwen3 32B", {"main": load}, cards(32))
    assert isinstance(told, Share)
    assert (told.is_whole, told.is_part) == (False, False)


def test_servers_that_stay_loaded_side_by_side_are_told_once_if_they_do_not_fit() -> None:
    small = {name: CardLoad("nvidia", (), (memory("llama 3B", tokens=4096),), is_resident=True) for name in ("a", "b")}
    assert list(crowds(small, cards(24))) == []
    large = {**small, "c": CardLoad("nvidia", (), (memory("qwen3 32B", tokens=8192),), is_resident=True)}
    (crowd,) = crowds(large, cards(24))
    assert crowd.models == ("llama 3B", "llama 3B", "qwen3 32B")
    assert crowd.advice.startswith("need 26 GiB of cards together, and there are 24: the last one to start is slower")
    assert list(crowds({name: replace(load, is_resident=False) for name, load in large.items()}, cards(24))) == []
    assert list(crowds(large, cards(None))) == []
