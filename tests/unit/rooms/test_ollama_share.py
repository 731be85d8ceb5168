"""The share of a model that an Ollama tells, compared with the predicted one."""

from __future__ import annotations

import re

import pytest

from deploy.components.ollama import verify
from deploy.components.ollama.memory import PROCESS_ON_CARD
from deploy.fit.share import Share, Unknown
from deploy.verify.checks import NotAsPlannedError
from tests.unit.rooms.predicted import BUSY, LAYERS, NO_ROOM, NOBODY_KNOWS, PART, WHOLE, Predicted
from tests.unit.rooms.test_ollama import OWN, TECH, engine
from tests.unit.rooms.test_ollama_cards import GIB, ON_CARD, Told, answering, checked, log


@pytest.mark.parametrize(
    ("size_vram", "share", "figures"),
    [
        (4 * GIB, NOBODY_KNOWS, "4.0 of 4.0 GiB (100 %) of tech lie on the card"),
        (4 * GIB, WHOLE, "4.0 of 4.0 GiB (100 %) of tech lie on the card; predicted: all of it"),
        (4 * GIB, PART, "4.0 of 4.0 GiB (100 %) of tech lie on the card; predicted: 30 to 50 %"),
        (2 * GIB, PART, "2.0 of 4.0 GiB (50 %) of tech lie on the card; predicted: 30 to 50 %"),
        (
            2 * GIB,
            BUSY,
            (
                "2.0 of 4.0 GiB (50 %) of tech lie on the card; predicted: 90 to 100 %, or 40 % and more beside other"
                " programs"
            ),
        ),
        (GIB, LAYERS, "1.0 of 4.0 GiB (25 %) of tech lie on the card; predicted: 20 of 65 layers, 20 to 30 %"),
    ],
)
def test_a_share_as_predicted_is_told_with_both_figures(size_vram: int, share: Share | Unknown, figures: str) -> None:
    with answering(size_vram) as (service, web, _):
        assert checked(service, log(ON_CARD), web, share) == [figures]


@pytest.mark.parametrize(
    ("size_vram", "share", "words"),
    [
        (4 * GIB - 1, WHOLE, "(99 %) of tech lie on the card; predicted: all of it; another program may hold memory"),
        (GIB, PART, "1.0 of 4.0 GiB (25 %) of tech lie on the card; predicted: 30 to 50 %; another program may hold"),
        (GIB, PART, "memory of the card, which `rocm-smi --showpids` lists on the host; `kit restart main` loads it"),
        (GIB // 2, LAYERS, "(12 %) of tech lie on the card; predicted: 20 of 65 layers, 20 to 30 %; `kit logs main`"),
        (4 * GIB, LAYERS, "(100 %) of tech lie on the card; predicted: 20 of 65 layers, 20 to 30 %; `kit logs main`"),
        (2 * GIB, LAYERS, "(50 %) of tech lie on the card; predicted: 20 of 65 layers, 20 to 30 %; `kit logs main`"),
        (0, PART, "computes on the CPU: nothing of tech lies on the card"),
    ],
)
def test_another_share_than_predicted_is_red_with_both_figures_and_the_next_step(
    size_vram: int, share: Share | Unknown, words: str
) -> None:
    with answering(size_vram) as (service, web, _), pytest.raises(NotAsPlannedError, match=re.escape(words)):
        checked(service, log(ON_CARD), web, share)


def test_nothing_on_the_card_undoes_no_apply_where_no_part_is_sure_to_fit() -> None:
    words = "nothing of tech lies on the card: the memory of the card may be too small"
    with answering(0) as (service, web, _), pytest.raises(pytest.skip.Exception, match=words):
        checked(service, log(ON_CARD), web, NO_ROOM)


def test_what_further_models_of_the_engine_hold_of_the_card_is_counted() -> None:
    shares = Predicted(PART)
    with answering(2 * GIB) as (service, web, _):
        verify.test_computes_on_its_card(service, Told(log(ON_CARD)), web, shares, lambda _: None)
    assert shares.held == GIB + PROCESS_ON_CARD


def test_a_part_without_a_prediction_is_told_with_the_reason_and_undoes_no_apply() -> None:
    words = r"1\.0 of 4\.0 GiB \(25 %\) of tech .* not compared with a prediction: nobody knows"
    with answering(GIB) as (service, web, _), pytest.raises(pytest.skip.Exception, match=words):
        checked(service, log(ON_CARD), web)


def test_a_model_that_the_spec_keeps_off_the_card_is_not_the_one_to_try() -> None:
    off = {**TECH, "num_gpu": 0}
    child = {"name": "child", "engine": "main", "from": "tech"}
    assert engine(off, gpu="amd").service.facts["on_gpu"] == ""
    assert engine(off, child, gpu="amd").service.facts["on_gpu"] == ""
    assert engine(off, {**child, "num_gpu": -1}, gpu="amd").service.facts["on_gpu"] == "child"
    assert engine(off, OWN, gpu="amd").service.facts["on_gpu"] == "own"
    assert engine(TECH).service.facts["on_gpu"] == ""
