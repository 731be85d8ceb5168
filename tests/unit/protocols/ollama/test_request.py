"""The create request holds what is set and nothing else; its digest follows whatever decides the model."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy.deployment.models import ADAPTER, FILE
from deploy.fields.messages import Message
from deploy.protocols.ollama.modelfile import Modelfile
from deploy.protocols.ollama.parameters import Parameters
from deploy.protocols.ollama.request import Inputs, create_request, request_digest

SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
WHOLE = Modelfile(
    "./models/gemma.gguf",
    parameters=Parameters(temperature=0.2, stop=("<end>",)),
    template="{{ .Prompt }}",
    system="Be brief.",
    license=("MIT",),
    messages=(Message(role="user", content="2+2?"), Message(role="assistant", content="4")),
    requires="0.14.0",
)
INPUTS = Inputs({FILE: SHA256}, {ADAPTER: "1" * 64}, "Q8_0")


def test_a_request_holds_every_field_that_is_set() -> None:
    assert create_request("mine", WHOLE, INPUTS) == {
        "model": "mine",
        "files": {"model.gguf": f"sha256:{SHA256}"},
        "adapters": {"adapter.gguf": f"sha256:{'1' * 64}"},
        "template": "{{ .Prompt }}",
        "system": "Be brief.",
        "license": ["MIT"],
        "parameters": {"stop": ["<end>"], "temperature": 0.2},
        "messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}],
        "quantize": "Q8_0",
        "requires": "0.14.0",
    }


def test_a_request_from_another_model_names_it_and_no_file() -> None:
    assert create_request("child", Modelfile("full:1"), Inputs()) == {"model": "child", "from": "full:1"}


@pytest.mark.parametrize(
    "changed",
    [
        create_request("other", WHOLE, INPUTS),
        create_request("mine", replace(WHOLE, system="Be briefer."), INPUTS),
        create_request("mine", replace(WHOLE, parameters=Parameters(temperature=0.3, stop=("<end>",))), INPUTS),
        create_request("mine", replace(WHOLE, messages=()), INPUTS),
        create_request("mine", WHOLE, replace(INPUTS, quantize=None)),
        create_request("mine", WHOLE, replace(INPUTS, files={FILE: "2" * 64})),
    ],
)
def test_the_digest_follows_every_field(changed: dict[str, Any]) -> None:
    assert request_digest(changed) != request_digest(create_request("mine", WHOLE, INPUTS))


def test_the_digest_follows_what_the_model_is_made_from() -> None:
    request = create_request("child", Modelfile("full:1"), Inputs())
    digests = {
        request_digest(request),
        request_digest(request, base="1" * 64),
        request_digest(request, base="2" * 64),
        request_digest(request, parent="1" * 64),
    }
    assert len(digests) == 4


def test_where_a_file_lies_and_how_the_answer_comes_do_not_count() -> None:
    request = create_request("mine", WHOLE, INPUTS)
    moved = create_request("mine", replace(WHOLE, from_="/elsewhere/x.gguf"), INPUTS)
    turned = json.loads(json.dumps(dict(reversed(request.items()))))
    assert {request_digest(each) for each in (moved, turned, {**request, "stream": False})} == {request_digest(request)}
