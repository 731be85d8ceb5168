"""Models of the kit that left kit.yaml go only where kit.yaml says so; models of a person stay."""

from __future__ import annotations

import pytest

from tests.e2e.library import TAG
from tests.e2e.place import Document
from tests.e2e.workstation import Workstation

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

BY_HAND = "made-by-hand"


def test_a_model_that_left_the_spec_goes_with_prune_alone_and_one_made_by_hand_stays(
    workstation: Workstation,
) -> None:
    workstation.engine.create(BY_HAND, **{"from": TAG}, system="I am nobody's business.")
    before = workstation.engine.digests()
    workstation.place.change(lambda spec: spec["models"].pop(1))

    applied = workstation.apply().here
    assert not any("commit-message" in one["resource"] for one in applied["plan"]["operations"])
    assert any("commit-message" in line for line in applied["plan"]["advice"])
    assert workstation.engine.digests() == before

    workstation.place.change(prune)
    assert workstation.planned_models() == {"commit-message": ("remove", "no longer declared")}
    workstation.apply()
    assert set(before) - set(workstation.engine.digests()) == {"commit-message"}
    assert workstation.is_settled


def prune(spec: Document) -> None:
    """Let the engine lose what left kit.yaml."""
    spec["engines"][0]["prune"] = True
