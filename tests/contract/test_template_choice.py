"""An engine's words about a template that its file's own chat template wins over, or that a renderer goes before.

Asked of real engines, 0.33.0-rc2 and 0.32.15; of a real one, its `OLLAMA_GO_TEMPLATE` must be unset.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.contract.conftest import Engine
from tests.contract.replay import ask
from tests.contract.toys import toy

GIVEN = "{{ if .System }}{{ .System }}\n{{ end }}[Q] {{ .Prompt }}\n[A] {{ .Response }}"
ABLE = "{% if tools %}{{ tools }}{% endif %}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<a>"
PLAINER = "{{ messages[0].content }}"
BUILT_IN = {"renderer": "qwen3.5", "parser": "qwen3.5"}


def told(engine: Engine, path: str, **document: Any) -> dict[str, Any]:
    answer = ask(engine.url, "POST", path, json.dumps({**document, "stream": False}).encode())
    assert answer.status == 200, answer.lines
    found: dict[str, Any] = json.loads(answer.lines[-1])
    return found


def shown(engine: Engine, jinja: str, **request: Any) -> tuple[str, list[str]]:
    """Make a model, and one from it that adds nothing but a system text; return what is told of the second."""
    file = toy(jinja)
    digest = f"sha256:{hashlib.sha256(file).hexdigest()}"
    assert ask(engine.url, "POST", f"/api/blobs/{digest}", file).status in (200, 201)
    told(engine, "/api/create", model="made", files={"model.gguf": digest}, template=GIVEN, **request)
    told(engine, "/api/create", model="child", **{"from": "made"}, system="Be kind.")
    said = told(engine, "/api/show", model="child")
    for name in ("child", "made"):
        assert ask(engine.url, "DELETE", "/api/delete", json.dumps({"model": name}).encode()).status == 200
    lines = [line for line in said["modelfile"].splitlines() if line.startswith(("RENDERER", "PARSER"))]
    return said["template"], lines


@pytest.mark.parametrize(
    ("jinja", "request_more", "template", "lines"),
    [
        (ABLE, {}, ABLE, []),
        (PLAINER, {}, GIVEN, []),
        ("", {}, GIVEN, []),
        (ABLE, BUILT_IN, GIVEN, ["RENDERER qwen3.5", "PARSER qwen3.5"]),
    ],
)
def test_the_template_that_is_shown_is_the_one_that_is_used_and_a_renderer_is_inherited(
    engine: Engine, jinja: str, request_more: dict[str, str], template: str, lines: list[str]
) -> None:
    assert shown(engine, jinja, **request_more) == (template, lines)
