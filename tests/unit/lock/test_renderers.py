"""A template is refused where what its model is made from brings a renderer, which no engine lets anybody take away."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.lock.model import Lock
from deploy.lock.renderers import templates_are_used
from deploy.spec.model import Spec
from tests.locks import lock_of
from tests.unit.lock.test_contexts import FILE, spec_of

TAG = {"name": "tech", "from": "qwen3.5:4b", "template": "{{ .Prompt }}"}


def told(spec: Spec, **facts: Any) -> list[tuple[tuple[str | int, ...], str]]:
    lock = lock_of(spec)
    models = {key: one.model_copy(update=_facts(one, facts)) for key, one in lock.models.items()}
    known: Lock = lock.model_copy(update={"models": models})
    return [(one.path, one.message) for one in templates_are_used(spec, known)]


def _facts(one: Any, facts: dict[str, Any]) -> dict[str, Any]:
    return facts if one.source == "tag" else {"gguf": one.gguf.model_copy(update=facts)}


def test_a_tag_that_brings_a_renderer_has_no_use_for_a_template() -> None:
    words = "qwen3.5:4b brings the renderer qwen3.5, which makes the prompts in its place; leave it out"
    assert told(spec_of(TAG), renderer="qwen3.5") == [(("models", 0, "template"), words)]
    assert told(spec_of(TAG)) == []
    parent = {"name": "parent", "from": "qwen3.5:4b"}
    child = {"name": "child", "from": "Parent", "template": "{{ .Prompt }}"}
    assert told(spec_of(parent, child), renderer="qwen3.5") == [(("models", 1, "template"), words)]


@pytest.mark.parametrize("which", ["parent", "child"])
def test_a_renderer_of_the_spec_makes_a_template_a_placeholder(which: str) -> None:
    models = [
        {"name": "parent", "from": "qwen3.5:4b"},
        {"name": "child", "from": "parent", "template": "{{ .Prompt }}"},
    ]
    models[which == "child"] |= {"renderer": "qwen3.5", "parser": "qwen3.5"}
    assert told(spec_of(*models), renderer="qwen3.5") == []


def test_a_template_is_refused_where_a_model_of_the_spec_above_it_has_a_renderer() -> None:
    line: list[dict[str, Any]] = [
        {"name": "parent", "from": "qwen3.5:4b", "renderer": "qwen3.5", "parser": "qwen3.5"},
        {"name": "between", "from": "parent"},
        {"name": "child", "from": "between", "template": "[Q] {{ .Prompt }}"},
    ]
    words = "parent brings the renderer qwen3.5, which makes the prompts in its place; leave it out"
    assert told(spec_of(*line)) == [(("models", 2, "template"), words)]
    for template in ("{{ .Prompt }}", "{{.Prompt}}\n", "{{- .Prompt -}}"):
        line[2]["template"] = template
        assert told(spec_of(*line)) == []
    line[2] |= {"template": "[Q] {{ .Prompt }}", "renderer": "gemma4"}
    assert told(spec_of(*line)) == []


@pytest.mark.parametrize("architecture", ["gemma4", "laguna", "nemotron_h", "nemotron_h_moe", "nemotron_h_omni"])
def test_an_architecture_that_an_engine_gives_a_renderer_to_is_told_too(architecture: str) -> None:
    spec = spec_of({"name": "tech", "from": FILE, "template": "{{ .Prompt }}"})
    ((path, message),) = told(spec, architecture=architecture)
    assert path == ("models", 0, "template")
    assert message.startswith(f"a file of the architecture {architecture} brings the renderer ")
    assert told(spec, architecture="gemma3") == []
