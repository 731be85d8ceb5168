"""Models of the kit that left kit.yaml go only where kit.yaml says so; models of a person stay, and come back from a
backup, which has what no library has."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.e2e.library import TAG
from tests.e2e.place import Document
from tests.e2e.workstation import FOLDER, Workstation

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

BY_HAND = "made-by-hand"
REPOSITORY = FOLDER / "backups"


@pytest.fixture
def workstation(workstation: Workstation) -> Iterator[Workstation]:
    """The workstation, that keeps nothing of its backups."""
    yield workstation
    for path in (REPOSITORY, workstation.root / "backup", workstation.root / "secrets/kit_backup"):
        shutil.rmtree(path, ignore_errors=True)
    (workstation.root / "backups.json").unlink(missing_ok=True)


def test_a_model_that_left_the_spec_goes_with_prune_alone_and_one_made_by_hand_stays(
    workstation: Workstation,
) -> None:
    workstation.engine.create(BY_HAND, **{"from": TAG}, system="I am nobody's business.")
    before = workstation.engine.digests()
    workstation.place.change(without_a_model_and_with_backups)

    applied = workstation.apply().here
    assert not any("commit-message" in one["resource"] for one in applied["plan"]["operations"])
    assert any("commit-message" in line for line in applied["plan"]["advice"])
    assert workstation.engine.digests() == before

    taken = workstation.kit("backup", "now", "--json").here
    assert not {"unlocked", "unsaved"} & set(taken)
    said = workstation.kit("backup", "show", "latest", "--json").here["statement"]
    assert said["weights"]["main"] == ["commit-message", BY_HAND]
    assert set(said["bases"]["main"][BY_HAND]) == {TAG}
    assert taken["bytes"] < workstation.library.size, "the library has the weights"
    workstation.engine.delete(BY_HAND)
    restored = workstation.kit("backup", "restore", "latest", "--only", "main", "--json").here
    assert (restored["parts"], restored["services"]) == (["main"], [])
    assert workstation.engine.digests() == before
    assert workstation.engine.chat(BY_HAND)[0] == 200

    workstation.place.change(prune)
    assert workstation.planned_models() == {"commit-message": ("remove", "no longer declared")}
    workstation.apply()
    assert set(before) - set(workstation.engine.digests()) == {"commit-message"}
    assert workstation.is_settled


def without_a_model_and_with_backups(spec: Document) -> None:
    """Let a model leave kit.yaml, and the stack be backed up."""
    spec["models"].pop(1)
    spec["backup"] = {"repository": str(REPOSITORY)}


def prune(spec: Document) -> None:
    """Let the engine lose what left kit.yaml, and end the backups."""
    spec["engines"][0]["prune"] = True
    spec["backup"] = None
