"""`kit clean` reaches the hosts of a kit.yaml, and this machine without one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import BOX, HERE, Box, on_two_hosts


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Box]:
    """Both hosts, each as it should be."""
    return on_two_hosts(tmp_path, monkeypatch)


@pytest.mark.usefixtures("boxes")
def test_each_host_of_a_kit_yaml_is_cleaned(kit: Kit) -> None:
    document = kit("clean", "--json").document
    assert {host: answer["images"] for host, answer in document["hosts"].items()} == {
        HERE: ["kit/here"],
        BOX: ["kit/box"],
    }
    assert "here:\nremoved kit/here" in kit("clean").out


def test_this_machine_is_cleaned_where_there_is_no_kit_yaml(
    kit: Kit, boxes: Mapping[str, Box], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty := tmp_path / "empty").mkdir()
    monkeypatch.chdir(empty)
    assert set(kit("clean", "--json").document["hosts"]) == {HERE}
    assert boxes[BOX].asked == []
