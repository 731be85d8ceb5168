"""Computed layers are those of real engines, digest for digest, and name what drifted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy.fields.messages import Message
from deploy.plan.causes import causes
from deploy.protocols.ollama.engine_json import number, string, written
from deploy.protocols.ollama.layers import inherited, layers
from deploy.protocols.ollama.modelfile import Modelfile
from deploy.protocols.ollama.parameters import Parameters
from tests.tree import REPOSITORY

RECORDINGS = sorted((REPOSITORY / "tests/contract/recordings").glob("[0-9]*"))
VERSIONS = pytest.mark.parametrize("version", [path.name for path in RECORDINGS])


def recorded(version: str, topic: str) -> list[dict[str, Any]]:
    path = REPOSITORY / "tests/contract/recordings" / version / f"{topic}.json"
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


def asked(body: dict[str, Any]) -> Modelfile:
    """The values of a recorded request."""
    return Modelfile(
        body.get("from", "./model.gguf"),
        parameters=Parameters.model_validate_json(json.dumps(body.get("parameters", {}))),
        template=body.get("template"),
        system=body.get("system"),
        license=tuple(body.get("license", ())),
        messages=tuple(Message(**message) for message in body.get("messages", ())),
    )


def test_there_are_recordings_of_two_versions() -> None:
    assert len(RECORDINGS) >= 2


@VERSIONS
def test_the_layers_of_a_model_are_those_of_the_engine(version: str) -> None:
    exchange = next(each for each in recorded(version, "create") if each["title"] == "every field")
    lines = [json.loads(line)["status"] for line in exchange["response"]["lines"]]
    engine = [line.rpartition(" ")[2] for line in lines if line.startswith("creating new layer")]
    found = layers(asked(exchange["request"]["body"]), "bare file")
    assert [found[kind] for kind in ("template", "system", "license", "params", "messages")] == engine


@VERSIONS
def test_a_model_made_from_another_takes_its_layers_over(version: str) -> None:
    exchanges = {each["title"]: each for each in recorded(version, "create")}
    parent = asked(exchanges["every field"]["request"]["body"])
    child = exchanges["from another model"]
    lines = child["response"]["lines"]
    engine = {part for line in lines for part in json.loads(line)["status"].split() if part.startswith("sha256:")}
    found = layers(inherited(parent, asked(child["request"]["body"])), "bare file")
    assert len(found) == 5
    assert set(found.values()) < engine


@VERSIONS
def test_the_layers_beside_an_imported_file_are_those_of_its_manifest(version: str) -> None:
    for each in recorded(version, "import"):
        if "manifest" not in each:
            continue
        live = {layer["mediaType"]: layer["digest"] for layer in each["manifest"]["layers"]}
        kinds = {kind.rpartition(".")[2]: digest for kind, digest in live.items()}
        found = layers(asked(each["create"]), "file" if "chatml" in each["create"]["model"] else "bare file")
        assert {kind: kinds.get(kind, "") for kind in found} == found
        rest = causes(found, live)
        assert rest in (
            ("the template or the parameters or the file changed in the engine",),
            ("the file changed in the engine",),
        )


def test_what_a_file_or_a_base_may_bring_stays_open() -> None:
    plain = Modelfile("x", parameters=Parameters(top_k=1))
    assert set(layers(plain, "bare file")) == {"template", "system", "license", "params", "messages"}
    assert set(layers(plain, "file")) == {"system", "license", "messages"}
    assert set(layers(Modelfile("x", parameters=Parameters(stop=("a",))), "file")) >= {"params"}
    assert layers(plain, "model") == {}
    assert set(layers(Modelfile("x", system="s", parameters=Parameters(stop=("a",))), "model")) == {"system"}


@pytest.mark.parametrize(
    ("wanted", "live", "words"),
    [
        ({"system": "a"}, {"system": "b"}, ("the system text changed in the engine",)),
        ({"system": "a"}, {}, ("the engine lacks the system text",)),
        ({"system": ""}, {"system": "b"}, ("kit.yaml has no system text, but the engine does",)),
        ({"params": "a", "template": "a"}, {}, ("the engine lacks the template", "the engine lacks the parameters")),
        ({"license": "a,b"}, {"license": "a"}, ("the license changed in the engine",)),
        ({"messages": "a"}, {"application/vnd.any.image.messages": "b"}, ("the examples changed in the engine",)),
        ({"system": "a"}, {"system": "a", "model": "m"}, ("the file changed in the engine",)),
        ({"system": "a"}, {"system": "a", "tensor": "m"}, ("the layer tensor changed in the engine",)),
        ({"system": "a"}, {"system": "a"}, ()),
    ],
)
def test_a_drift_has_its_cause_in_words(wanted: dict[str, str], live: dict[str, str], words: tuple[str, ...]) -> None:
    assert causes(wanted, live) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.2, "0.2"),
        (2048, "2048"),
        (4_294_967_295, "4294967295"),
        (-1, "-1"),
        (0.0, "0"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (True, "true"),
    ],
)
def test_numbers_are_written_as_the_engine_writes_them(value: float, text: str) -> None:
    assert number(value) == text


def test_texts_are_written_as_the_engine_writes_them() -> None:
    assert string('<a>&\u2028\u2029"\\\n\t\x01é🙂\x7f') == (
        '"\\u003ca\\u003e\\u0026\\u2028\\u2029\\"\\\\\\n\\t\\u0001é🙂\x7f"'
    )
    assert (
        written({"stop": ["a", "b"], "use_mmap": False, "none": None})
        == '{"stop":["a","b"],"use_mmap":false,"none":null}'
    )
