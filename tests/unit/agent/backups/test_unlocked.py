"""Models that a person pulled or made on an engine: a backup names those that nothing brings back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.stack.backup_memory import observe
from tests.unit.agent.backups.conftest import Host

WEIGHTS = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:aa", "size": 1}


@pytest.fixture
def store(host: Host, tmp_path: Path) -> Path:
    """The models of an engine whose release has one that it makes, from a library's."""
    made = {"name": "assistant", "base": {"name": "llama3.2:3b", "digest": "0" * 64}}
    engines = [{"name": "main", "models": [made, {"name": "all-minilm", "base": None}]}]
    models = tmp_path / "models"
    host.stores = [{"service": "main", "models_dir": str(models), "protocol": "ollama"}]
    host.release()
    (host.root / "current/deployment.json").write_text(json.dumps({"services": [], "engines": engines}))
    for name in ("assistant/latest", "llama3.2/3b", "all-minilm/latest"):
        put(models, name)
    return models


def put(models: Path, name: str, content: Any = None) -> None:
    path = models / "manifests/registry.ollama.ai/library" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content or {"layers": [WEIGHTS], "config": None}))


def test_a_backup_names_the_models_that_kit_yaml_does_not_have(host: Host, store: Path) -> None:
    put(store, "mine/latest")
    put(store, "llama3.2/1b")
    put(store, "broken/latest", "no manifest")
    answer = host.back_up()
    expected = {"main": ["llama3.2:1b", "mine"]}
    assert answer["unlocked"] == expected
    assert host.listed("latest")["statement"]["unlocked"] == expected
    assert (observe(host.root)["good"] or {})["unlocked"] == expected


def test_models_of_kit_yaml_and_what_they_are_made_from_are_told_as_nothing(host: Host, store: Path) -> None:
    assert (store / "manifests").is_dir()
    answer = host.back_up()
    assert "unlocked" not in answer
    assert host.listed("latest")["statement"]["unlocked"] == {}
    assert "unlocked" not in (observe(host.root)["good"] or {})


def test_a_model_that_is_gone_again_is_told_no_longer(host: Host, store: Path) -> None:
    put(store, "mine/latest")
    assert host.back_up()["unlocked"] == {"main": ["mine"]}
    (store / "manifests/registry.ollama.ai/library/mine/latest").unlink()
    host.back_up()
    assert "unlocked" not in (observe(host.root)["good"] or {})
