"""An apply brings an image from the host that has it, from the command line on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.verify.report import Check, Report
from tests.golden.hosts import bare, merged, settled
from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import BOX, HERE, Box, on_two_hosts


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Box]:
    """Both hosts; this machine misses the image of its engine, which the box has for its own."""

    def checked(*_: object) -> Report:
        return Report((Check("main", "listens", "passed", 0.1),))

    monkeypatch.setattr("deploy.apply.run.run_checks", checked)
    boxes = on_two_hosts(tmp_path, monkeypatch)
    here = boxes[HERE]
    (service,) = here.share.deployment.services
    lacking = {"images": {service.image.reference: None}, "services": {service.name: None}}
    here.answers["probe"] = merged(settled(here.share), lacking)
    return boxes


def test_a_host_that_does_not_change_gives_the_image_that_another_lacks(kit: Kit, boxes: Mapping[str, Box]) -> None:
    shown = kit("apply", "--yes")
    assert shown.code == 0, shown.err
    assert boxes[HERE].received == [b"kit/ollama without sha256:layer-of-here"]
    assert [verb for verb in boxes[BOX].asked if verb in ("hold", "give_image")] == ["give_image"]
    assert "image" not in boxes[HERE].asked
    assert boxes[HERE].asked.index("take_image") < boxes[HERE].asked.index("converge")


@pytest.mark.usefixtures("boxes")
@pytest.mark.parametrize("words", [("plan",), ("apply", "--yes")])
def test_a_plan_says_which_host_gives_the_image(kit: Kit, words: tuple[str, ...]) -> None:
    (line,) = [line for line in kit(*words).out.splitlines() if "image ollama" in line]
    assert line.split(None, 3) == ["receive", "image", "ollama", "another digest is locked; from box"]


def test_of_two_hosts_without_it_one_makes_the_image_and_the_other_says_from_whom_it_comes(
    kit: Kit, boxes: Mapping[str, Box]
) -> None:
    for box in boxes.values():
        box.answers["probe"] = bare(box.share)
    document = kit("plan", "--json").document["hosts"]
    images = {
        host: {each["resource"]: each["action"] for each in said["operations"] if each["resource"].startswith("image ")}
        for host, said in document.items()
    }
    assert images == {HERE: {"image ollama": "pull"}, BOX: {"image ollama": "receive", "image litellm": "build"}}


def test_another_image_under_the_name_is_not_given(kit: Kit, boxes: Mapping[str, Box]) -> None:
    (tag,) = [service.image.reference for service in boxes[HERE].share.deployment.services]
    boxes[BOX].answers["probe"] = merged(boxes[BOX].answers["probe"], {"images": {tag: {"is_brought": False}}})
    out = kit("plan").out
    assert [line.split()[:3] for line in out.splitlines() if "image ollama" in line] == [
        ["pull", "image", "ollama"],
        ["pull", "image", "ollama"],
    ]


@pytest.mark.usefixtures("boxes")
def test_the_step_says_where_the_image_came_from_and_how_large_it_was(kit: Kit) -> None:
    told = kit("apply", "--yes").err.splitlines()
    (line,) = [line for line in told if "transfer" in line]
    assert line.startswith("transfer: image of Ollama: kit/ollama:")
    assert line.endswith(" from box: 3.0 MiB")
