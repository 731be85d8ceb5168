"""A release that is healthy on this host and failed on another one is rolled back here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.agent.test_converge import rows, write_row
from tests.e2e.agent_stack import HEALTHY, AgentStack, Document, tags

pytestmark = pytest.mark.docker

MIGRATES = f"echo migrated > /data/app.db; {HEALTHY}"
"""A command that gets healthy and writes data that its older release cannot read."""


def changed_and_back(stack: AgentStack, request: Document) -> Document:
    """Converge, then roll back under the same hold."""
    assert stack.ask("converge", request)["changed"]
    return stack.ask("roll_back", request)


def test_a_healthy_release_is_rolled_back_with_its_image_its_services_and_its_data(stack: AgentStack) -> None:
    old, new = tags(stack, 2)
    other = stack.block("other", HEALTHY, old)
    good = stack.bundle(
        {"one": stack.block("one", HEALTHY, old), "gone": stack.block("gone", HEALTHY, old), "other": other}
    )
    stack.apply(good)
    before = stack.ids()
    database = stack.data / "one" / "app.db"
    write_row(database, "a chat")
    (stack.root / "data_versions.json").write_text(json.dumps({"format": 1, "versions": {"one": "1.0"}}))

    bundle = stack.bundle(
        {"one": stack.block("one", MIGRATES, new), "other": other, "fresh": stack.block("fresh", HEALTHY, old)}
    )
    with stack.held():
        stack.place(bundle)
        request = stack.converge_request(bundle, copied=("one",))
        request["services"]["one"]["data_version"] = "2.0"
        answer = changed_and_back(stack, request)

    assert answer["changed"]
    assert f"rolled back to release {good.release[:12]}, which runs now" in answer["words"]
    aside = Path(answer["words"].rpartition(" ")[2])
    assert (aside / "app.db").read_text() == "migrated\n"
    assert rows(database) == ["a chat"]
    seen = stack.probe()
    assert (seen["release"], seen["good"], set(seen["services"])) == (good.release, good.release, {*before})
    assert {one["health"] for one in seen["services"].values()} == {"healthy"}
    assert seen["services"]["one"]["image"] == old
    assert seen["services"]["other"]["id"] == before["other"]
    remembered = json.loads((stack.root / "data_versions.json").read_text())
    assert remembered["versions"] == {"one": "1.0"}

    assert stack.apply(bundle, copied=("one",))["changed"]
    assert stack.probe()["good"] == bundle.release


def test_a_failed_change_after_a_rollback_goes_back_to_the_same_release(stack: AgentStack) -> None:
    old, new = tags(stack, 2)
    good = stack.bundle({"one": stack.block("one", HEALTHY, old)})
    stack.apply(good)
    bundle = stack.bundle({"one": stack.block("one", HEALTHY, new)})
    for _ in range(2):
        with stack.held():
            stack.place(bundle)
            assert changed_and_back(stack, stack.converge_request(bundle))["changed"]
        assert stack.probe()["release"] == good.release


def test_a_first_release_stays_and_says_why(stack: AgentStack) -> None:
    bundle = stack.bundle({"one": stack.block("one", HEALTHY, tags(stack, 1)[0])})
    with stack.held():
        stack.place(bundle)
        answer = changed_and_back(stack, stack.converge_request(bundle))
    words = "there is no earlier release to roll back to; the containers stay for inspection"
    assert answer == {"changed": False, "words": words}
    assert stack.probe()["services"]["one"]["state"] == "running"


def test_what_another_run_made_is_not_rolled_back(stack: AgentStack) -> None:
    image = tags(stack, 1)[0]
    bundle = stack.bundle({"one": stack.block("one", HEALTHY, image)})
    stack.apply(bundle)
    before = stack.ids()
    with stack.held():
        answer = stack.ask("roll_back", stack.converge_request(bundle))
    assert (answer, stack.ids()) == ({"changed": False, "words": "was not changed"}, before)
