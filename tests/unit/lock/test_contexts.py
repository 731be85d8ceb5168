"""A context that is longer than a model was trained for is refused where it stands, with the length."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.decide.desired import load_desired
from deploy.errors import SpecError
from deploy.lock.contexts import contexts_fit, trained_length
from deploy.lock.model import Lock
from deploy.lock.text import write_lock
from deploy.sources.tag.locked import TagModelLock
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec
from tests.locks import lock_of

FILE = {"file": "own.gguf", "sha256": "a" * 64}
OTHER = {"file": "other.gguf", "sha256": "b" * 64}
# What tests.locks says of every file.
TRAINED = 4096


def spec_of(*models: dict[str, Any], **engine: Any) -> Spec:
    main = {"name": "main", "kind": "ollama", **engine}
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [main], "gateway": None, "webui": None}
    return Spec.model_validate_json(json.dumps({**data, "models": [{"engine": "main", **one} for one in models]}))


def told(spec: Spec, lock: Lock | None = None) -> list[tuple[tuple[str | int, ...], str]]:
    return [(one.path, one.message) for one in contexts_fit(spec, lock or lock_of(spec))]


def test_a_models_own_context_ends_where_its_training_did() -> None:
    assert told(spec_of({"name": "tech", "from": FILE, "num_ctx": TRAINED})) == []
    models = ({"name": "tech", "from": FILE}, {"name": "child", "from": "tech", "num_ctx": 8192})
    assert told(spec_of(*models)) == [
        (("models", 1, "num_ctx"), "8192 is more than child was trained for; write at most 4096")
    ]


def test_a_tag_is_held_to_its_length_where_the_lock_has_it() -> None:
    spec = spec_of({"name": "tech", "from": "llama3:8b", "num_ctx": 16_384})
    lock = lock_of(spec)
    assert told(spec, lock) == []
    (tag,) = lock.models.values()
    assert isinstance(tag, TagModelLock)
    known = lock.model_copy(update={"models": {"main/tech": tag.model_copy(update={"context_length": 8192})}})
    assert trained_length(spec, known, spec.models[0]) == 8192
    assert told(spec, known) == [
        (("models", 0, "num_ctx"), "16384 is more than tech was trained for; write at most 8192")
    ]


def test_an_engines_context_must_be_of_use_to_one_of_its_models() -> None:
    assert told(spec_of({"name": "tech", "from": FILE}, context_length=TRAINED)) == []
    assert told(spec_of(context_length=131_072)) == []
    two = ({"name": "tech", "from": FILE}, {"name": "other", "from": OTHER})
    spec = spec_of(*two, context_length=8192)
    assert told(spec) == [
        (("engines", 0, "context_length"), "8192 is more than tech was trained for; write at most 4096")
    ]
    lock = lock_of(spec)
    other = lock.models["main/other"]
    assert not isinstance(other, TagModelLock)
    facts = other.gguf.model_copy(update={"context_length": 32_768})
    longer = lock.model_copy(update={"models": {**lock.models, "main/other": other.model_copy(update={"gguf": facts})}})
    assert told(spec, longer) == []
    assert told(spec_of(*two, {"name": "tag", "from": "llama3:8b"}, context_length=8192)) == []


@pytest.mark.parametrize("kind", ["ollama", "llama_cpp"])
def test_the_place_in_kit_yaml_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "kit.yaml"
    threads = "threads: 1, " if kind == "llama_cpp" else ""
    path.write_text(
        "kit: 1\nstack: home\nbackup: null\nwebui: null\ngateway: null\n"
        f"engines: [{{name: main, kind: {kind}, {threads}context_length: 8192}}]\n"
        f'models: [{{name: tech, engine: main, from: {{file: own.gguf, sha256: "{"a" * 64}"}}}}]\n'
    )
    spec = load_spec(path)
    write_lock(lock_of(spec), tmp_path / "kit.lock")
    with pytest.raises(SpecError) as caught:
        load_desired(path)
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (6, "engines[0].context_length")
    assert problem.message == "8192 is more than tech was trained for; write at most 4096"
