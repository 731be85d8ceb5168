"""A model's own template makes its prompts: the engine is told so, and asked whether it does."""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.components.ollama import verify
from deploy.deployment import Deployment, Service
from deploy.spec.crosschecks import findings
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.secrets import HostSecrets
from deploy.verify.web import Web
from tests.doubles.ollama.server import Server
from tests.doubles.ollama.settings import Settings
from tests.gguf import PLAIN, gguf
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
    assert "templated" not in engine(rendered, child).service.facts
    assert engine(rendered, OWN | {"name": "other"}).service.facts["templated"] == "other"


def test_an_engine_that_is_told_to_take_none_cannot_have_one() -> None:
    (finding,) = findings(spec_of(OWN, go_template=False))
    assert finding.path == ("models", 0, "template")
    assert "main is told to take no model's `template`" in finding.text()
    assert list(findings(spec_of({**OWN, "renderer": "qwen3.5"}, go_template=False))) == []


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


def asked(server: Server) -> tuple[Service, Web]:
    service = engine(OWN, port=int(server.url.rpartition(":")[2])).service
    return service, Web(service, HostSecrets(Deployment("home", (service,), ())))


@pytest.mark.parametrize(
    ("said", "jinja", "is_heeded"),
    [
        ("", ABLE, False),
        ("0", ABLE, False),
        ("1", ABLE, True),
        ("", "{{ messages[0].content }}", True),
        ("1", "", True),
    ],
)
def test_the_engine_is_asked_which_template_it_takes(tmp_path: Path, said: str, jinja: str, is_heeded: bool) -> None:
    with serving(tmp_path, said) as server:
        make(server, jinja, template=TEMPLATE, system="Be kind.", messages=[{"role": "assistant", "content": "Hello!"}])
        service, web = asked(server)
        if is_heeded:
            verify.test_makes_prompts_with_the_planned_template(service, web)
            return
        with pytest.raises(NotAsPlannedError, match="own makes its prompts with the chat template of its file, not"):
            verify.test_makes_prompts_with_the_planned_template(service, web)


def test_without_a_template_nothing_is_asked() -> None:
    service = engine({"name": "bare", "engine": "main", "from": "llama3:8b"}).service
    with pytest.raises(pytest.skip.Exception, match="gives no model a template"):
        verify.test_makes_prompts_with_the_planned_template(service, Web(service, HostSecrets(Deployment("h", (), ()))))
