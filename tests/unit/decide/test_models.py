"""A spec's models as the requests that make them, in the order in which they can be made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from deploy.decide.models import created_models
from deploy.deployment.models import CreatedModel
from deploy.deployment.parts import changes
from deploy.errors import KitError
from deploy.lock.missing import missing_inputs
from deploy.lock.model import Lock, read_lock
from deploy.lock.pinning import make_lock
from deploy.lock.text import lock_text, write_lock
from deploy.printable import seen
from deploy.protocols.ollama.grammar import closing_lines
from deploy.sources.tag.locked import TagModelLock
from deploy.sources.weights.measured import Said
from deploy.spec.checks.crosschecks import findings
from deploy.spec.model import Spec
from tests.gguf import PLAIN, gguf
from tests.locks import lock_of
from tests.modelfile_parser import parsed
from tests.strategies import specs

TAG = "llama3:8b"
FILE = {"file": "own.gguf", "sha256": "a" * 64}
CREATIVE = (*(f"{name} added" for name in ("num_predict", "repeat_penalty", "top_k", "top_p")), "temperature taken out")


def spec_of(*models: dict[str, Any]) -> Spec:
    engine = {"name": "main", "kind": "ollama"}
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [engine], "gateway": None, "webui": None}
    return Spec.model_validate_json(json.dumps({**data, "models": [{"engine": "main", **one} for one in models]}))


def made(*models: dict[str, Any], lock: Lock | None = None) -> dict[str, CreatedModel]:
    spec = spec_of(*models)
    return {one.name: one for one in created_models(spec, lock or lock_of(spec), list(spec.models))}


def test_a_model_comes_after_the_one_that_it_is_made_from() -> None:
    found = made({"name": "c", "from": "b"}, {"name": "b", "from": "a"}, {"name": "a", "from": TAG})
    assert list(found) == ["a", "b", "c"]
    assert [one.request["from"] for one in found.values()] == [TAG, "a", "b"]
    assert [one.base is None for one in found.values()] == [False, True, True]


def test_what_a_parent_is_made_of_decides_of_its_children_too() -> None:
    parent, child = {"name": "a", "from": TAG}, {"name": "b", "from": "a", "top_k": 3}
    before, after = made(parent, child), made({**parent, "system": "Be brief."}, child)
    assert before["b"].request == after["b"].request
    assert before["b"].digest != after["b"].digest
    assert changes(before["b"].parts, after["b"].parts) == ("its base changed",)


def test_a_model_is_bare_where_neither_its_file_nor_the_spec_has_a_template() -> None:
    models = (
        {"name": "a", "from": FILE},
        {"name": "b", "from": "a"},
        {"name": "c", "from": "a", "template": "{{ .Prompt }}"},
    )
    spec = spec_of(*models)
    lock = lock_of(spec)
    file = lock.models["main/a"]
    assert not isinstance(file, TagModelLock)
    facts = file.gguf.model_copy(update={"has_chat_template": False})
    bare = lock.model_copy(update={"models": {"main/a": file.model_copy(update={"gguf": facts})}})
    assert {name: one.is_bare for name, one in made(*models, lock=bare).items()} == {"a": True, "b": True, "c": False}
    assert not any(one.is_bare for one in made(*models).values())
    assert not any(one.is_bare for one in made({"name": "a", "from": TAG}).values())


def test_a_moved_tag_makes_another_model_of_the_same_words() -> None:
    lock = lock_of(spec_of({"name": "a", "from": TAG}))
    moved = lock.models["main/a"].model_copy(update={"digest": "1" * 64})
    after = made({"name": "a", "from": TAG}, lock=lock.model_copy(update={"models": {"main/a": moved}}))["a"]
    before = made({"name": "a", "from": TAG})["a"]
    assert before.request == after.request
    assert changes(before.parts, after.parts) == ("the locked tag changed",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ()),
        ({"temperature": 0.3}, ("temperature changed",)),
        ({"temperature": None, "preset": "creative"}, CREATIVE),
        ({"system": "Else."}, ("system text changed",)),
        ({"license": "MIT", "template": "{{ .Prompt }}"}, ("license added", "template added")),
        ({"from": {"file": "elsewhere.gguf", "sha256": "a" * 64}}, ()),
        ({"from": {"file": "own.gguf", "sha256": "b" * 64}}, ("file changed",)),
        ({"from": TAG}, ("what it is made from added", "the locked tag added", "file taken out")),
        ({"requires": "0.20.0", "quantize": "Q8_0"}, ("quantize added", "requires added")),
    ],
)
def test_every_change_of_a_model_has_its_words(change: dict[str, Any], words: tuple[str, ...]) -> None:
    base = {"name": "a", "from": FILE, "temperature": 0.2, "system": "Be brief."}
    before, after = made(base)["a"], made({**base, **change})["a"]
    found = changes(before.parts, after.parts)
    assert sorted(found) == sorted(words)
    assert (before.digest == after.digest) == (not words)


def test_the_layers_of_a_child_are_computed_from_all_that_it_takes_over() -> None:
    found = made(
        {"name": "a", "from": FILE, "system": "Be brief.", "stop": ["END"], "license": "MIT"},
        {"name": "b", "from": "a", "top_k": 3, "license": "BSD"},
        {"name": "c", "from": TAG, "top_k": 3},
    )
    assert found["b"].layers["system"] == found["a"].layers["system"]
    assert found["b"].layers["license"].startswith(found["a"].layers["license"] + ",")
    whole = made({"name": "w", "from": FILE, "system": "Be brief.", "stop": ["END"], "top_k": 3})["w"]
    assert found["b"].layers["params"] == whole.layers["params"]
    assert found["c"].layers == {}


def test_an_adapter_is_locked_with_its_size_and_travels_with_the_model(tmp_path: Path) -> None:
    content = gguf(PLAIN)
    (tmp_path / "tone.gguf").write_bytes(content)
    (tmp_path / "own.gguf").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    adapter, source = {"file": "tone.gguf", "sha256": sha256}, {"file": "own.gguf", "sha256": sha256}
    spec = spec_of({"name": "a", "from": source, "projector": adapter}, {"name": "b", "from": "a", "adapter": adapter})
    # The engine's image would have to be asked for at a registry.
    found = locked(spec, tmp_path)
    lock = lock_of(spec).model_copy(update={"adapters": found.adapters, "projectors": found.projectors})
    assert (lock.adapters["main/b"].size, lock.projectors["main/a"].size) == (len(content), len(content))
    write_lock(lock, tmp_path / "kit.lock")
    assert read_lock(tmp_path / "kit.lock") == lock
    blob = next(blob for one in created_models(spec, lock, list(spec.models)) for blob in one.blobs if one.name == "b")
    assert (blob.file, blob.size_bytes, blob.source) == ("adapter.gguf", len(content), {"file": {"path": "tone.gguf"}})


def locked(spec: Spec, folder: Path) -> Lock:
    without = spec.model_copy(update={"engines": ()})
    return make_lock(without, folder, quiet)


def quiet(_what: str) -> Said:
    return lambda _doing, _done, _total: None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GGUF and something else", "its file has the sha256"),
        (b"safetensors", "is no GGUF file"),
        (b"", "is empty"),
        (None, "is no file"),
    ],
)
def test_an_adapter_that_is_not_the_one_is_refused_when_it_is_locked(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "tone.gguf").write_bytes(content)
    spec = spec_of({"name": "a", "from": TAG}, {"name": "b", "from": "a", "adapter": {**FILE, "file": "tone.gguf"}})
    alone = spec.model_copy(update={"models": spec.models[1:]}).model_copy(update={"engines": ()})
    child = alone.models[0].model_copy(update={"from_": None})
    with pytest.raises(KitError, match=words):
        make_lock(alone.model_copy(update={"models": (child,)}), tmp_path, quiet)


def test_a_lock_that_lacks_an_adapter_or_has_another_is_told() -> None:
    spec = spec_of({"name": "a", "from": TAG, "adapter": {**FILE, "file": "tone.gguf"}})
    lock = lock_of(spec)
    assert missing_inputs(spec, lock) == []
    (problem,) = missing_inputs(spec, lock.model_copy(update={"adapters": {}}))
    assert (problem.path, problem.message) == ("adapters.main/a", "is not locked yet")
    other = lock.adapters["main/a"].model_copy(update={"sha256": "c" * 64})
    (problem,) = missing_inputs(spec, lock.model_copy(update={"adapters": {"main/a": other}}))
    assert "kit.yaml names another file" in problem.message
    assert "adapters" not in lock_text(lock.model_copy(update={"adapters": {}}))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_whatever_validates_is_a_modelfile_that_another_reader_reads(spec: Spec) -> None:
    lock = lock_of(spec)
    for engine in spec.engines:
        if engine.models_are != "created":
            continue
        models = [model for model in spec.models if model.engine == engine.name]
        for one in created_models(spec, lock, models):
            commands = parsed(one.modelfile)
            assert commands[0][0] == "from"
            found = [value for name, _, value in commands if name == "system"]
            system = one.request.get("system", "")
            assert found == ([seen(system)] if system and not closing_lines(system) else [])
            assert json.loads(json.dumps(one.request)) == one.request


def test_a_projector_goes_to_the_engine_beside_the_models_own_file() -> None:
    projector = {"file": "mmproj.gguf", "sha256": "b" * 64}
    (found,) = made({"name": "a", "from": FILE, "projector": projector}).values()
    blobs = {"model.gguf": f"sha256:{'a' * 64}", "projector.gguf": f"sha256:{'b' * 64}"}
    assert found.request["files"] == blobs
    assert [blob.file for blob in found.blobs] == list(blobs)
    assert "FROM own.gguf\nFROM mmproj.gguf\n" in found.modelfile
    (finding,) = findings(spec_of({"name": "a", "from": TAG, "projector": projector}))
    assert finding.path == ("models", 0, "projector")
    mine = spec_of({"name": "a", "from": FILE, "projector": projector})
    lock = lock_of(mine)
    assert missing_inputs(mine, lock) == []
    assert "projectors.main/a" in str(missing_inputs(mine, lock.model_copy(update={"projectors": {}})))


def test_the_modelfile_of_a_model_that_is_quantised_says_the_option_that_does_it() -> None:
    found = made({"name": "a", "from": FILE, "quantize": "Q8_0"}, {"name": "b", "from": FILE})
    assert "# Quantised: `create a -q Q8_0`.\nFROM own.gguf\n" in found["a"].modelfile
    assert parsed(found["a"].modelfile)[0][0] == "from"
    assert "-q" not in found["b"].modelfile
