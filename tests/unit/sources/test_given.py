from __future__ import annotations

import pytest

from deploy.agent.sources.kinds import SOURCES
from deploy.deployment.model_source import ModelSource
from deploy.sources.given import KINDS, for_agent, kind_of, path_of

GIVEN: dict[str, ModelSource] = {
    "pip": {"pip": {"wheels": []}},
    "file": {"file": {"path": "models/mine.gguf"}},
    "url": {"url": {"url": "https://models.example/mine.gguf"}},
}


def test_control_node_and_agent_know_the_same_sources_and_stage_them_alike() -> None:
    assert {key: kind.staged for key, kind in KINDS.items()} == {key: one.STAGED for key, one in SOURCES.items()}


@pytest.mark.parametrize("key", GIVEN)
def test_only_a_file_beside_kit_yaml_has_a_path_and_no_agent_gets_it(key: str) -> None:
    source = GIVEN[key]
    is_file = kind_of(source).is_beside_spec
    assert path_of(source) == ("models/mine.gguf" if is_file else "")
    assert for_agent(source) == ({"file": {"name": "mine.gguf"}} if is_file else source)
