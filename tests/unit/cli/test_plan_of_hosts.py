"""The plan of several hosts: the state of each, drift apart from changes, and files that differ."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.errors import UnreachableError
from tests.golden.hosts import bare, merged, settled
from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import BOX, HERE, Box, on_two_hosts


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Box]:
    """Both hosts, each as it should be."""
    return on_two_hosts(tmp_path, monkeypatch)


def test_each_host_of_a_plan_has_its_states(kit: Kit, boxes: Mapping[str, Box]) -> None:
    drifted = {"services": {"main": {"health": "unhealthy"}}}
    boxes[HERE].answers["probe"] = merged(settled(boxes[HERE].share), drifted)
    boxes[BOX].answers["probe"] = bare(boxes[BOX].share)
    document = kit("plan", "--json").document
    assert {host: said["states"] for host, said in document["hosts"].items()} == {
        HERE: ["drifted", "unhealthy"],
        BOX: ["changed"],
    }
    assert document["hosts"][HERE]["drift"] == ["service main is unhealthy"]


def test_drift_stands_apart_from_what_kit_yaml_changes(kit: Kit, boxes: Mapping[str, Box]) -> None:
    # Of the last apply, whose release was another one.
    before = {"release": "e" * 64, "good": "e" * 64, "services": {"main": {"health": "unhealthy"}}}
    boxes[HERE].answers["probe"] = merged(settled(boxes[HERE].share), before)
    shown = kit("plan", "--host", "here").out.splitlines()
    assert [line.split()[:2] for line in shown[:2]] == [["place", "release"], ["recreate", "service"]]
    assert "drift: service main is unhealthy" in shown
    assert kit("plan", "--json").document["hosts"][HERE]["states"] == ["changed", "drifted", "unhealthy"]


def test_a_host_that_does_not_answer_hides_no_other_plan(kit: Kit, boxes: Mapping[str, Box]) -> None:
    boxes[BOX].answers["probe"] = UnreachableError("box does not answer on port 22", "switch box on")
    shown = kit("plan")
    assert shown.out == (
        "here (clean):\nnothing to change\n\nbox (unreachable):\nbox does not answer on port 22\n  switch box on\n"
    )
    assert shown.code == 1
    told = kit("plan", "--json").document["hosts"]
    assert (told[HERE]["states"], told[BOX]["states"]) == (["clean"], ["unreachable"])
    assert told[BOX]["error"] == {"problem": "box does not answer on port 22", "next": "switch box on"}
    boxes[HERE].answers["probe"] = UnreachableError("here is gone", "look")
    told = "error: here: here is gone\n  look\nbox: box does not answer on port 22\n  switch box on\n"
    assert kit("plan").err == told
    error = kit("plan", "--json").document["error"]
    assert error["hosts"][BOX] == {"problem": "box does not answer on port 22", "next": "switch box on"}


def test_a_rendered_file_that_changes_is_compared_with_the_one_that_runs(kit: Kit, boxes: Mapping[str, Box]) -> None:
    share = boxes[BOX].share
    answer = settled(share)
    old, new = "e" * 64, share.bundle.services["litellm"]["files"]["litellm.yaml"]
    content = next(file.content for file in share.bundle.files if file.path == f"files/{new}/litellm.yaml")
    services = {"litellm": {**answer["manifest"]["services"]["litellm"], "files": {"litellm.yaml": old}}}
    boxes[BOX].answers["probe"] = merged(answer, {"release": old, "good": old, "manifest": {"services": services}})
    boxes[BOX].answers["rendered"] = {"files": {f"files/{old}/litellm.yaml": f"of before\n{content}"}}
    shown = kit("plan", "--host", "box").out
    assert "\n\n--- litellm/litellm.yaml (runs)\n+++ litellm/litellm.yaml (kit.yaml)\n" in shown
    assert "\n-of before\n" in shown
    (file,) = kit("plan", "--json").document["hosts"][BOX]["files"]
    assert file["name"] == "litellm/litellm.yaml"
    assert [line for line in file["diff"] if line.startswith("-") and not line.startswith("---")] == ["-of before"]
    assert "rendered" not in boxes[HERE].asked
