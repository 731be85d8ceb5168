"""A model of an engine elsewhere whose files were emptied or cut: its answers tell, and one apply makes it whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from deploy.agent.engines import sync
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.protocols.ollama.engine import Engine
from deploy.agent.protocols.ollama.shown import lost_texts
from tests.contract.toys import toy
from tests.doubles.ollama.server import Handler, Server
from tests.unit.agent.engines.asking import asking, from_file, model
from tests.unit.agent.engines.conftest import serving
from tests.unit.agent.engines.registry import Registry
from tests.unit.agent.engines.scripted import described
from tests.unit.agent.engines.test_mending import UNTOUCHED, layer, lost, root, served

__all__ = ["root", "served"]

FIELDS = {
    "system": "Be brief and exact.",
    "template": "{{ .System }} [Q] {{ .Prompt }} [A] {{ .Response }} end",
    "license": "Only on Sundays.",
    "parameters": {"top_k": 5},
    "messages": [{"role": "user", "content": "hi"}],
}
TEXTS = {"system": "system text", "template": "template", "license": "license"}


def harmed(path: Path, harm: str) -> bytes:
    """Empty a file, or cut it: weights behind their header."""
    content = path.read_bytes()
    os.truncate(path, 0 if harm == "emptied" else len(content) - (64 if content[:4] == b"GGUF" else 3))
    return content


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.gguf"
    path.write_bytes(toy(template=False))
    return path


@pytest.mark.parametrize("harm", ["emptied", "cut"])
@pytest.mark.parametrize("kind", [*FIELDS, "model", "config"])
def test_a_cut_layer_of_an_engine_elsewhere_is_told_and_made_whole(
    kind: str, harm: str, double: Server, root: Path, weights: Path, journal: Journal
) -> None:
    made = [from_file("tech", weights, **FIELDS), from_file("same", weights, **FIELDS), from_file("other", weights)]
    request = asking(root, double.url, made, models_dir=None)
    sync.run(request, journal)
    path = layer(double, {"parameters": "params"}.get(kind, kind))
    content = harmed(path, harm)
    told = lost(request, root)
    assert set(told) == ({"tech", "same", "other"} if kind in ("model", "config") else {"tech", "same"})
    if kind in TEXTS:
        words = "is empty" if harm == "emptied" else "is not the one that it was made with"
        assert told["tech"] == f"its {TEXTS[kind]} {words}"
    else:
        assert "the engine cannot read it" in told["tech"]
    assert {"main/tech", "main/same"} <= set(sync.run(request, journal)["created"])
    assert path.read_bytes() == content
    assert lost(request, root) == {}
    assert sync.run(request, journal) == UNTOUCHED


def test_another_choice_of_templates_by_the_engine_is_no_damage(
    double: Server, root: Path, weights: Path, journal: Journal
) -> None:
    request = asking(root, double.url, [from_file("tech", weights, **FIELDS)], models_dir=None)
    sync.run(request, journal)
    shown = Engine(described(double.url), root).show("tech")
    pair = json.loads((root / "run" / "models.json").read_text())["engines"]["main"]["tech"]
    assert lost_texts(pair["shown"], {**shown, "template": "the template of the file"}) == {}
    assert set(lost_texts(pair["shown"], {**shown, "system": ""})) == {"system"}
    older = {name: value for name, value in pair["shown"].items() if name != "stored"}
    assert lost_texts(older, {**shown, "template": "the template of the file"}) == {}
    assert set(lost_texts(older, {**shown, "license": "Only on"})) == {"license"}


def test_a_file_that_a_model_of_somebody_else_shares_is_told_and_not_recorded_as_whole(
    double: Server, root: Path, weights: Path, journal: Journal
) -> None:
    request = asking(root, double.url, [from_file("tech", weights, **FIELDS)], models_dir=None)
    sync.run(request, journal)
    engine = Engine(described(double.url), root)
    engine.create({"model": "mine", "from": "tech", "parameters": {"top_k": 7}}, lambda _: None)
    os.truncate(layer(double, "system"), 0)
    for _ in range(2):
        with pytest.raises(AgentError, match="another model there shares the damaged file"):
            sync.run(request, journal)
        assert "tech" in lost(request, root)
    engine.remove("mine")
    assert sync.run(request, journal)["created"] == ["main/tech"]
    assert lost(request, root) == {}
    assert engine.show("tech")["system"] == FIELDS["system"]


@pytest.mark.parametrize("kind", ["model", "template", "license"])
def test_a_tag_of_an_engine_elsewhere_that_was_cut_is_pulled_again_before_its_children_are_made(
    kind: str, double: Server, another_double: Server, served: Registry, tmp_path: Path, weights: Path, journal: Journal
) -> None:
    publisher = tmp_path / "publisher"
    published = asking(publisher, another_double.url, [from_file("llama3:8b", weights, **FIELDS)])
    sync.run(published, Journal(str(publisher), "r"))
    live = Engine(described(another_double.url), tmp_path).models()["llama3:8b"]
    base = {"name": "llama3:8b", "digest": live.digest, "size": live.size}
    children = [model({"model": name, "from": "llama3:8b", "system": name}, base=base) for name in ("a", "b")]
    request = asking(root := tmp_path / "root", double.url, children, models_dir=None)
    request["mirrors"] = {"models": served.url}
    request["engines"][0]["bases"] = ["llama3:8b"]
    sync.run(request, journal)
    path = layer(double, kind, "a")
    content = harmed(path, "cut")
    assert {"a", "b"} <= set(lost(request, root))
    found = sync.run(request, journal)
    assert (found["pulled"], found["created"]) == (["main/llama3:8b"], ["main/a", "main/b"])
    assert path.read_bytes() == content
    assert lost(request, root) == {}
    assert sync.run(request, journal) == UNTOUCHED


def test_a_model_that_is_not_listed_for_its_configuration_is_deleted_before_it_is_made_again(
    double: Server, root: Path, weights: Path, journal: Journal
) -> None:
    made = [from_file("tech", weights, **FIELDS), from_file("same", weights, **FIELDS)]
    sync.run(asking(root, double.url, made, models_dir=None), journal)
    os.truncate(layer(double, "config"), 0)
    # An engine that starts anew cannot read what it lists.
    with serving(double.store.root, Handler) as anew:
        request = asking(root, anew.url, made, models_dir=None)
        assert Engine(described(anew.url), root).models() == {}
        assert sync.run(request, journal)["created"] == ["main/tech", "main/same"]
        assert lost(request, root) == {}
        assert sync.run(request, journal) == UNTOUCHED
