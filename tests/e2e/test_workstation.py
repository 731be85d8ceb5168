"""The workstation is locked and applied where nothing of it was, and applied again changes nothing."""

from __future__ import annotations

import pytest

from tests.doubles.registry.images import is_double
from tests.e2e.library import TAG
from tests.e2e.test_second_apply import programs_until_end
from tests.e2e.workstation import CAPITALS, SPARE, Workstation

pytestmark = [pytest.mark.e2e, pytest.mark.docker]


def test_lock_pins_the_image_the_tag_and_the_file_as_the_registries_have_them(workstation_up: Workstation) -> None:
    with workstation_up.library.open() as library:
        lock = workstation_up.lock()
        asked = list(library.seen)

    image = next(image for image in lock["images"].values() if image["source"] == "pull")
    assert f"sha256:{image['digest']}" == workstation_up.image_digest
    assert lock["models"]["main/assistant"]["digest"] == workstation_up.library.digest
    assert lock["models"][f"main/{CAPITALS}"]["source"] == "file"
    # Nothing but what the tag means is asked for, its configuration, its parameters, and the head of its file.
    assert len({line.rpartition("/")[2] for line in asked if "/blobs/" in line}) == 3
    assert lock["models"]["main/assistant"]["num_ctx"] == 0
    assert (
        lock["models"]["main/assistant"]["context_length"]
        == lock["models"][f"main/{CAPITALS}"]["gguf"]["context_length"]
    )


def test_one_command_makes_every_model_of_the_spec_and_proves_the_stack(workstation_up: Workstation) -> None:
    with workstation_up.library.open():
        applied = workstation_up.apply().here

    assert applied["verify"]["passed"]
    assert {name: one.health for name, one in workstation_up.containers().items()} == dict.fromkeys(
        workstation_up.ports, "healthy"
    )
    assert set(workstation_up.engine.digests()) == {"assistant", "commit-message", CAPITALS, TAG}
    assert workstation_up.engine.digests()[TAG] == workstation_up.library.digest
    assert set(workstation_up.engine_of(SPARE).digests()) == {"assistant", TAG}
    assert is_double(workstation_up.service("main").image)


def test_a_model_is_made_as_the_spec_says_also_with_capitals_in_its_name(workstation: Workstation) -> None:
    commit, story = (workstation.engine.show(name) for name in ("commit-message", CAPITALS))

    assert parameters(commit)["temperature"] == "0.2"
    assert parameters(commit)["top_k"] == "30"
    assert commit["system"].startswith("You turn a description")
    assert [message["role"] for message in commit["messages"]] == ["user", "assistant"] * 3
    assert (parameters(story)["temperature"], parameters(story)["num_predict"]) == ("0.9", "16")
    assert CAPITALS in workstation.engine.digests()


def test_applied_again_it_changes_nothing_and_starts_no_ansible(workstation: Workstation) -> None:
    before, digests = workstation.containers(), workstation.engine.digests()

    with workstation.running("apply") as process:
        programs = programs_until_end(process)
        out, _ = process.communicate()

    assert process.returncode == 0
    assert "nothing to change" in out
    assert not any("ansible" in program for program in programs)
    assert (workstation.containers(), workstation.engine.digests()) == (before, digests)


def test_a_forced_full_run_changes_nothing_either(workstation: Workstation) -> None:
    before, digests = workstation.containers(), workstation.engine.digests()

    assert workstation.apply("--full").here["changed_tasks"] == 0
    assert (workstation.containers(), workstation.engine.digests()) == (before, digests)


def parameters(shown: dict[str, str]) -> dict[str, str]:
    """Return the parameters of a model as the engine tells them, one a line."""
    pairs = (line.split(maxsplit=1) for line in shown["parameters"].splitlines())
    return {name: value.strip() for name, value in pairs}
