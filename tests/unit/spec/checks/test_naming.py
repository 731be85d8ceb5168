"""Names that an engine takes apart are refused with the reason; all others reach it whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy.agent.protocols.doors.names import suffix
from deploy.decide.resolve import resolve
from deploy.errors import SpecError, UsageError
from deploy.spec.checks.crosschecks import findings
from deploy.spec.checks.naming import ensure_taken_whole
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of

MANAGED = {"name": "main", "kind": "ollama"}
OUTSIDE = {"name": "main", "kind": "external", "api": "ollama", "url": "http://mac.lan:11434"}
NAMED = {"name": "main", "kind": "external", "api": "openai", "url": "http://mac.lan:1234"}


def spec_of(engine: dict[str, Any], *models: dict[str, Any]) -> Spec:
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [engine]}
    return Spec.model_validate_json(json.dumps({**data, "models": [{"engine": "main", **one} for one in models]}))


def told(engine: dict[str, Any], *models: dict[str, Any]) -> list[tuple[str, str]]:
    return [(str(found.path[-1]), found.message) for found in findings(spec_of(engine, *models))]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("x:local", "local"),
        ("x:LOCAL", "local"),
        ("you/x:Local", "local"),
        ("x:cloud", "cloud"),
        ("gpt-oss:120b-cloud", "cloud"),
        ("gpt-oss:120B-Cloud", "cloud"),
        ("hf.co/you/x:-cloud", "cloud"),
        ("x", ""),
        ("local", ""),
        ("my-cloud", ""),
        ("cloud/x:local-1", ""),
        ("x:mycloud", ""),
        ("x:cloud-8b", ""),
        ("host.lan:5000/x-cloud", ""),
    ],
)
def test_a_suffix_is_what_the_engine_takes_off(name: str, found: str) -> None:
    assert suffix(name) == found


@pytest.mark.parametrize("engine", [MANAGED, OUTSIDE])
@pytest.mark.parametrize("tag", ["local", "Local", "cloud", "8b-cloud", "8B-CLOUD"])
def test_nothing_is_made_under_a_tag_that_is_taken_off(engine: dict[str, Any], tag: str) -> None:
    for uses_cloud in (False, True):
        (one,) = told({**engine, "cloud": uses_cloud}, {"name": f"x:{tag}", "from": "llama3:8b", "top_k": 3})
        assert one[0] == "name"
        assert f"the tag {tag} " in one[1]
        assert one[1].endswith("choose another tag")


@pytest.mark.parametrize("engine", [MANAGED, OUTSIDE])
@pytest.mark.parametrize("origin", ["gpt-oss:120b-cloud", "library/kimi:CLOUD"])
def test_a_model_of_the_vendors_cloud_needs_the_word_of_kit_yaml(engine: dict[str, Any], origin: str) -> None:
    made, pulled = {"name": "mine", "from": origin, "system": "Hi."}, {"name": origin}
    for field, model in (("from", made), ("name", pulled)):
        ((at, message),) = told(engine, model)
        assert at == field
        assert message.endswith("or write `cloud: true` at main")
        assert told({**engine, "cloud": True}, model) == []


@pytest.mark.parametrize("origin", ["x:local", "you/x:LOCAL"])
def test_a_source_is_written_without_the_tag_that_is_taken_off(origin: str) -> None:
    ((at, message),) = told(MANAGED, {"name": "mine", "from": origin})
    assert (at, message.rpartition("; ")[2]) == ("from", f"write {origin.rpartition(':')[0]}")


def test_a_model_of_the_cloud_is_refused_under_another_protocol_too() -> None:
    words = "names a model in the vendor's cloud: each request would be sent there"
    for field, model in (
        ("name", {"name": "kimi:cloud"}),
        ("name", {"name": "gpt-oss:120B-Cloud"}),
        ("from", {"name": "mine", "from": "gpt-oss:120b-cloud"}),
        ("from", {"name": "mine:cloud", "from": "you/kimi:CLOUD"}),
    ):
        ((at, message),) = told(NAMED, model)
        assert at == field
        assert words in message
        assert message.endswith("name another tag, or write `cloud: true` at main")
        assert told(OUTSIDE, {"engine": "main", **model, "from": str(model.get("from", model["name"]))}) != []
        assert told({**NAMED, "cloud": True}, model) == []
    # Under this name nobody asks the engine.
    assert told(NAMED, {"name": "mine:cloud", "from": "qwen3:4b"}) == []


@pytest.mark.parametrize("engine", [MANAGED, OUTSIDE, NAMED])
def test_a_typed_name_of_the_cloud_is_refused_at_every_engine_that_may_send_it_there(engine: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="each request would be sent there"):
        ensure_taken_whole("gpt-oss:120b-cloud", spec_of(engine), "main")
    ensure_taken_whole("gpt-oss:120b-cloud", spec_of({**engine, "cloud": True}), "main")
    ensure_taken_whole("qwen3:4b", spec_of(engine), "main")


def test_an_engine_that_has_its_models_takes_every_name() -> None:
    names = (
        {"name": "x:mycloud"},
        {"name": "y:local", "from": "Llama 3 8B Instruct"},
        {"name": "a", "from": "a/b/c/d.gguf"},
    )
    assert told(NAMED, *names) == []
    deployment = resolve(spec_of(NAMED, *names), lock_of(spec_of(NAMED, *names)))[HERE]
    assert deployment.named_engines[0].models[1:] == (("y:local", "Llama 3 8B Instruct"), ("a", "a/b/c/d.gguf"))


@pytest.mark.parametrize("name", ["some.body/x", "a/b/c/d", "some.body/a/b:q4"])
def test_a_name_that_the_engine_cannot_read_is_told(name: str) -> None:
    ((at, message),) = told(MANAGED, {"name": name, "from": "llama3:8b"}) or (("", ""),)
    readable = name.count("/") == 2
    assert (at, "is not a model's name" in message) == (("", False) if readable else ("name", True))


@pytest.mark.parametrize("name", ["org/model", "hf.co/org/Model-GGUF:Q4_K_M", "host.lan:5000/org/model:tag"])
def test_a_name_with_folders_travels_whole(name: str) -> None:
    for engine in (MANAGED, OUTSIDE, NAMED):
        spec = spec_of(engine, {"name": name})
        assert list(findings(spec)) == []
        deployment = resolve(spec, lock_of(spec))[HERE]
        assert deployment.service("litellm").facts["models"] == [name]


@pytest.mark.parametrize("value", [" ", "a\nb", "x" * 501])
def test_what_is_no_name_at_all_is_told(value: str) -> None:
    with pytest.raises((SpecError, ValueError), match="is not a model's name"):
        spec_of(NAMED, {"name": "x", "from": value})


def test_two_spellings_of_one_name_are_one_name() -> None:
    found = told(MANAGED, {"name": "llama3"}, {"name": "library/LLAMA3:latest"}, {"name": "llama3:8b"})
    assert found == [("name", "library/LLAMA3:latest is already the name of another model on main")]
