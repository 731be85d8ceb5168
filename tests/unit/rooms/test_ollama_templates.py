"""A model's own template makes its prompts: the engine is told so, and asked whether it does."""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.components.external.resolve import resolve
from deploy.components.external.spec import ExternalEngine
from deploy.components.room import Site
from deploy.deployment.engines import Engine
from deploy.deployment.host import Deployment
from deploy.deployment.models import templated
from deploy.spec.checks.crosschecks import findings
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.checks_engines import test_makes_prompts_with_the_planned_template as makes_prompts
from deploy.verify.engines import Engines
from tests.doubles.ollama.server import Server
from tests.doubles.ollama.settings import Settings
from tests.gguf import PLAIN, gguf
from tests.unit.played import evidence_of
from tests.unit.rooms.test_ollama import engine, spec_of

TEMPLATE = "{{ if .System }}{{ .System }}\n{{ end }}[Q] {{ .Prompt }}\n[A] {{ .Response }}"
OWN = {"name": "own", "engine": "main", "from": "llama3:8b", "template": TEMPLATE}
ABLE = "{% if tools %}{{ tools }}{% endif %}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<a>"
PLAINER = "{{ messages[0].content }}"
VARIABLE = "OLLAMA_GO_TEMPLATE"


def variable(*models: dict[str, Any], **fields: Any) -> str | None:
    return dict(engine(*models, **fields).service.environment).get(VARIABLE)


def test_the_engine_is_told_where_a_model_has_a_template() -> None:
    bare = {"name": "bare", "engine": "main", "from": "llama3:8b"}
    assert variable(bare) is None
    assert variable(bare, OWN) == "1"
    assert variable(bare, go_template=True) == "1"
    assert variable(bare, go_template=False) == "0"


def test_a_placeholder_beside_a_renderer_is_no_template_to_be_told_of() -> None:
    rendered = {**OWN, "template": "{{ .Prompt }}", "renderer": "qwen3.5", "parser": "qwen3.5"}
    child = {"name": "child", "engine": "main", "from": "own", "template": "{{ .Prompt }}"}
    assert variable(rendered) is None
    assert variable(rendered, child) is None
    for models, found in (((rendered, child), []), ((rendered, OWN | {"name": "other"}), ["other"])):
        made = engine(*models).engine
        assert made is not None
        assert [one.name for one in templated(made.models)] == found


def test_an_engine_that_is_told_to_take_none_cannot_have_one() -> None:
    (finding,) = findings(spec_of(OWN, go_template=False))
    assert finding.path == ("models", 0, "template")
    assert "main ignores the `template` of its models by `go_template: false`" in finding.text()
    assert list(findings(spec_of({**OWN, "template": "{{ .Prompt }}", "renderer": "qwen3.5"}, go_template=False))) == []


@pytest.mark.parametrize("template", [TEMPLATE, "[Q] {{ .Prompt }}"])
def test_a_template_beside_a_renderer_of_its_own_model_is_refused_unless_it_only_fills_a_place(template: str) -> None:
    rendered = {**OWN, "renderer": "qwen3.5", "parser": "qwen3.5"}
    (finding,) = findings(spec_of({**rendered, "template": template}))
    assert finding.path == ("models", 0, "template")
    assert "`renderer: qwen3.5` beside it makes the prompts in its place; leave out one of the two" in finding.text()
    for filler in ("{{ .Prompt }}", "{{.Prompt}}\n", "{{- .Prompt -}}"):
        assert list(findings(spec_of({**rendered, "template": filler}))) == []
    assert list(findings(spec_of({**OWN, "parser": "qwen3.5"}))) == []


@contextmanager
def serving(folder: Path, said: str) -> Iterator[Server]:
    settings = {"OLLAMA_MODELS": str(folder), "OLLAMA_HOST": "127.0.0.1:0", VARIABLE: said}
    with Server(Settings.of(settings)) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def make(server: Server, jinja: str, **request: Any) -> None:
    """Make a model of a file that has a chat template of its own."""
    file = gguf({**PLAIN, "tokenizer.chat_template": jinja})
    digest = f"sha256:{hashlib.sha256(file).hexdigest()}"
    body = json.dumps({"model": "own", "files": {"model.gguf": digest}, "stream": False, **request}).encode()
    for path, content in ((f"/api/blobs/{digest}", file), ("/api/create", body)):
        with urllib.request.urlopen(urllib.request.Request(server.url + path, content, method="POST")) as answer:
            assert answer.status in (200, 201)


def asked(server: Server, own: dict[str, Any] | None = None) -> tuple[Engine, Engines]:
    made = engine(own or OWN, port=int(server.url.rpartition(":")[2])).engine
    assert made is not None
    made = replace(made, models_dir=None)
    return made, Engines(evidence_of(Deployment("home", (), (), (made,))))


@pytest.mark.parametrize(
    ("said", "jinja", "is_heeded"),
    [
        ("", ABLE, False),
        ("0", ABLE, False),
        ("1", ABLE, True),
        ("", PLAINER, True),
        ("1", "", True),
    ],
)
def test_the_engine_is_asked_which_template_it_takes(tmp_path: Path, said: str, jinja: str, is_heeded: bool) -> None:
    with serving(tmp_path, said) as server:
        make(server, jinja, template=TEMPLATE, system="Be kind.", messages=[{"role": "assistant", "content": "Hello!"}])
        if is_heeded:
            makes_prompts(*asked(server))
            return
        words = (
            "own makes its prompts with the chat template of its file, not with the `template` of kit.yaml; "
            "`go_template: true` at main lets the `template` win"
        )
        with pytest.raises(NotAsPlannedError, match=f"^{words}$"):
            makes_prompts(*asked(server))


def test_an_engine_that_the_kit_does_not_run_is_asked_as_well_and_has_a_cure_of_its_own(tmp_path: Path) -> None:
    with serving(tmp_path, "") as server:
        make(server, ABLE, template=TEMPLATE)
        made, engines = asked(server)
        spec = ExternalEngine(kind="external", name="mac", api="ollama", url=server.url)
        outside = resolve(spec, Site("home", None, created=made.models), ()).engine
        assert outside is not None
        engines.evidence.deployment = replace(engines.evidence.deployment, engines=(outside,))
        with pytest.raises(NotAsPlannedError, match=r"; the variable OLLAMA_GO_TEMPLATE=1 in its environment lets"):
            makes_prompts(outside, engines)


def test_a_renderer_that_a_model_takes_over_goes_before_its_template_whatever_the_engine_is_told(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, "1") as server:
        make(server, ABLE, template=TEMPLATE, renderer="qwen3.5", parser="qwen3.5")
        words = "own makes its prompts with the renderer qwen3.5 of what it is made from, not with the `template` of"
        with pytest.raises(NotAsPlannedError, match=f"^{words} kit.yaml; leave `template` out there$"):
            makes_prompts(*asked(server))
        make(server, "", template=TEMPLATE, parser="qwen3.5")
        makes_prompts(*asked(server))


def test_every_model_with_a_template_is_looked_at_not_only_the_lightest(tmp_path: Path) -> None:
    with serving(tmp_path, "") as server:
        make(server, ABLE, template="{{ .Prompt }}!", model="other")
        make(server, "", template=TEMPLATE)
        made, engines = asked(server)
        heavy = replace(made.models[0], name="other", request={**made.models[0].request, "template": "{{ .Prompt }}!"})
        makes_prompts(made, engines)
        with pytest.raises(NotAsPlannedError, match=r"^other makes its prompts with the chat template of"):
            makes_prompts(replace(made, models=(*made.models, heavy)), engines)


def test_without_a_template_nothing_is_asked() -> None:
    bare = engine({"name": "bare", "engine": "main", "from": "llama3:8b"}).engine
    assert bare is not None
    with pytest.raises(pytest.skip.Exception, match="gives no model a template"):
        makes_prompts(bare, Engines(evidence_of(Deployment("home", (), (), (bare,)))))
