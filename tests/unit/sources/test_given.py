from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.agent.sources.kinds import SOURCES
from deploy.sources.given import KINDS, from_folder, kind_of, path_of

GIVEN: dict[str, dict[str, Any]] = {
    "pip": {"pip": {"wheels": []}},
    "file": {"file": {"path": "models/mine.gguf"}},
    "url": {"url": {"url": "https://models.example/mine.gguf"}},
}


def test_control_node_and_agent_know_the_same_sources_and_stage_them_alike() -> None:
    assert {key: kind.staged for key, kind in KINDS.items()} == {key: one.STAGED for key, one in SOURCES.items()}


@pytest.mark.parametrize("key", GIVEN)
def test_only_a_file_on_the_host_has_a_path_which_begins_at_the_folder_of_kit_yaml(key: str, tmp_path: Path) -> None:
    source = GIVEN[key]
    is_file = kind_of(source).is_on_host
    assert path_of(source) == ("models/mine.gguf" if is_file else "")
    moved = {"file": {"path": str(tmp_path / "models/mine.gguf")}} if is_file else source
    assert from_folder(source, tmp_path) == moved
