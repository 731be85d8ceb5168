"""A change of one model, in kit.yaml or by hand, touches that model alone."""

from __future__ import annotations

import pytest

from tests.e2e.workstation import CAPITALS, Workstation, change_model

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

BY_HAND = "made-by-hand"


def test_a_changed_parameter_makes_one_model_anew_and_recreates_no_container(workstation: Workstation) -> None:
    containers, before = workstation.containers(), workstation.engine.digests()
    workstation.place.change(lambda spec: change_model(spec, "commit-message", temperature=0.3))

    assert workstation.planned_models() == {"commit-message": ("create", "temperature changed")}
    applied = workstation.apply().here

    after = workstation.engine.digests()
    assert not [one for one in applied["plan"]["operations"] if one["action"] == "recreate"]
    assert [name for name in before if after[name] != before[name]] == ["commit-message"]
    assert set(after) == set(before)
    assert workstation.containers() == containers


def test_what_a_hand_did_in_the_engine_shows_with_its_cause_and_is_mended(workstation: Workstation) -> None:
    containers, before = workstation.containers(), workstation.engine.digests()
    workstation.engine.delete(CAPITALS)
    workstation.engine.create("assistant", **{"from": "assistant"}, system="You are a pirate.")
    workstation.engine.create(BY_HAND, **{"from": "assistant"}, system="I am nobody's business.")

    planned = workstation.planned_models()
    assert set(planned) == {"assistant", CAPITALS}
    assert planned[CAPITALS][0] == "create"
    assert planned[CAPITALS][1].startswith("somebody removed it; takes up to 0.5 GiB")
    assert planned["assistant"] == ("create", "changed in the engine: system text changed")
    assert workstation.kit("status", "--json", "--check", code=3).here["drift"]
    workstation.apply()

    after = workstation.engine.digests()
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {BY_HAND}
    assert workstation.containers() == containers
    assert workstation.is_settled
    workstation.engine.delete(BY_HAND)


def test_a_model_that_lost_its_file_is_told_everywhere_and_answers_again_after_one_apply(
    workstation: Workstation,
) -> None:
    before, started = workstation.engine.digests(), workstation.service("main").started_at
    workstation.engine.unload(CAPITALS)
    lost = max(workstation.layers(CAPITALS), key=lambda path: path.stat().st_size)
    lost.unlink()
    assert workstation.engine.chat(CAPITALS)[0] >= 400

    words = f"damaged: its layer model {lost.name[7:19]} is missing"
    assert workstation.planned_models()[CAPITALS][1].startswith(words)
    listed = workstation.kit("models", "--json").here["models"]
    assert [one["name"] for one in listed if words in one["state"]] == [CAPITALS]
    assert CAPITALS in str(workstation.kit("status", "--json", "--check", code=3).here["drift"])
    assert words.partition(": ")[2] in str(workstation.kit("verify", "--json", code=1).document)
    workstation.apply()

    assert workstation.engine.chat(CAPITALS)[0] == 200
    assert workstation.engine.digests() == before
    assert workstation.service("main").started_at != started
    assert workstation.is_settled
