"""An apply brings an image from the host that has it, from the command line on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.verify.report import Check, Report
from tests.golden.hosts import merged, settled
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
def test_the_step_says_where_the_image_came_from_and_how_large_it_was(kit: Kit) -> None:
    told = kit("apply", "--yes").err.splitlines()
    (line,) = [line for line in told if "transfer" in line]
    assert line.startswith("transfer: image of Ollama: kit/ollama:")
    assert line.endswith(" from box: 3.0 MiB")
