"""Models as `kit models` and `kit status` print them, and the questions before one is removed."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from deploy.apply.prepared.prepare import Prepared
from deploy.cli.terminal.consent import ensure_name_typed
from deploy.cli.terminal.output import Output
from deploy.cli.told.drift import drift
from deploy.cli.told.modelling import memory, summary, table
from deploy.cli.told.state import state_document, state_text
from deploy.decide.desired import Share, load_desired, lock_path
from deploy.errors import UsageError
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Container, SeenEngine, SeenNames
from deploy.lifecycle.models import rows
from deploy.lock.text import write_lock
from deploy.plan import make_plan
from deploy.spec.loading.loader import load_spec
from deploy.stack import HERE
from tests.locks import lock_of
from tests.unit.cli.conftest import Kit
from tests.unit.cli.test_state import BARE

SPEC = """\
kit: 1
stack: home
engines:
  - {name: mac, kind: external, api: ollama, url: "http://mac.lan:11434"}
  - {name: studio, kind: external, api: openai, url: "http://studio.lan:1234/v1"}
models:
  - {name: poet, engine: mac, from: "llama3.2:3b"}
  - {name: coder, engine: mac, from: "llama3.2:3b", temperature: 0.1}
  - {name: fast, engine: studio}
gateway: null
webui: null
backup: null
"""


@pytest.fixture
def desired(tmp_path: Path) -> Share:
    path = tmp_path / "kit.yaml"
    path.write_text(SPEC)
    write_lock(lock_of(load_spec(path)), lock_path(path))
    return load_desired(path).on(HERE)


def seen(desired: Share, **engine: Any) -> Observation:
    """A host on which both models of the mac were made."""
    (mac,) = desired.deployment.engines
    made = {model.name: f"{model.name}-digest" for model in mac.models}
    asked = SeenEngine(
        digests={**made, "llama3.2:3b": "0" * 64},
        requests={model.name: model.digest for model in mac.models},
        manifests=made,
    )
    release = desired.bundle.release
    named = {"studio": SeenNames(names=("fast",), applied={"fast": "fast"})}
    engines = {"mac": replace(asked, **engine)}
    return replace(BARE, release=release, good=release, engines=engines, named_engines=named)


def status(desired: Share, observation: Observation) -> str:
    plan = make_plan(desired.deployment, desired.bundle, observation)
    return click.unstyle(state_text(desired, Prepared(plan, observation), every_package=False))


def test_a_table_says_what_each_model_is_and_where(desired: Share) -> None:
    observation = seen(desired, digests={"coder": "another", "old": "f" * 64})
    observation = replace(observation, named_engines={"studio": SeenNames(names=("fast-7b",))})
    lines = click.unstyle(table(desired.path, rows(desired.deployment, observation))).splitlines()
    assert lines[0].split() == ["NAME", "ENGINE", "SIZE", "DIGEST", "LOADED", "STATE"]
    by_name = {line.split()[0]: line for line in lines[1:6]}
    assert by_name["poet"].endswith("removed by hand")
    assert by_name["coder"].endswith("changed in the engine")
    assert by_name["fast-7b"].endswith("not in kit.yaml (the engine's own)")
    assert by_name["old"].endswith("ffffffffffff          not in kit.yaml (made by hand)")
    assert by_name["fast"].endswith("the engine has no model 'fast' (did you mean fast-7b?)")
    assert lines[-1] == f"what an apply would do: kit plan {desired.path}"


def test_a_table_of_equal_models_ends_with_them(desired: Share) -> None:
    shown = click.unstyle(table(desired.path, rows(desired.deployment, seen(desired))))
    assert "kit plan" not in shown
    assert "what poet, coder is made from" in shown


def test_a_model_that_its_engine_has_by_itself_is_there_and_compared_with_nothing(desired: Share) -> None:
    found = {row.name: row for row in rows(desired.deployment, seen(desired))}
    assert (found["fast"].state, found["fast"].differs) == ("there", False)
    assert (found["poet"].state, found["poet"].differs) == ("equal", False)


def test_memory_is_told_with_its_place() -> None:
    assert memory(None) == ""
    assert memory({}) == "yes"
    assert memory({"size": 3 << 30, "size_vram": 0}) == "3.0 GiB CPU"
    assert memory({"size": 3 << 30, "size_vram": 3 << 30}) == "3.0 GiB GPU"
    assert memory({"size": 4 << 30, "size_vram": 1 << 30}) == "4.0 GiB 25% GPU"


def test_status_counts_the_models_of_each_engine(desired: Share) -> None:
    assert "\nmac: 2 models, as kit.yaml says" in status(desired, seen(desired))
    told = "\ncontext on mac: poet 4,096 or more tokens, coder 4,096 or more tokens"
    assert told in status(desired, seen(desired))
    changed = seen(desired, digests={"coder": "another"})
    assert f"\nmac: 2 models, 2 differ: kit models {desired.path}" in status(desired, changed)
    assert summary(rows(desired.deployment, changed)) == {
        "mac": (2, ("poet", "coder")),
        "studio": (1, ()),
    }
    asleep = seen(desired, digests={}, problem="it sleeps")
    assert "\nmac: 2 models, not seen: it sleeps" in status(desired, asleep)
    plan = make_plan(desired.deployment, desired.bundle, changed)
    document = state_document(desired.desired, {HERE: Prepared(plan, changed)})["hosts"]["here"]
    least = {"tokens": 4096, "or_more": True, "trained": None, "by_tag": False}
    assert document["models"] == {
        "mac": {"count": 2, "differing": ["poet", "coder"], "contexts": {"poet": least, "coder": least}},
        "studio": {"count": 1, "differing": [], "contexts": {}},
    }


def test_what_was_done_to_a_model_by_hand_is_drift(desired: Share) -> None:
    changed = seen(desired, digests={"coder": "another"})
    assert [line for line in drift(changed) if line.startswith("model")] == [
        "model coder was changed in mac by hand",
        "model poet was removed from mac by hand",
    ]
    assert [line for line in drift(seen(desired)) if line.startswith("model")] == []
    assert drift(seen(desired, digests={}, problem="it sleeps")) == drift(seen(desired))


def test_a_name_has_to_be_typed_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["kit", "models", "remove", "old"])
    monkeypatch.setattr("sys.stdin", io.StringIO("old\nolder\n"))
    ensure_name_typed(Output(), "old", "This removes old.")
    with pytest.raises(UsageError, match="the name old was not typed") as wrong:
        ensure_name_typed(Output(), "old", "This removes old.")
    assert wrong.value.next_step == "without a terminal: kit models remove old --yes"


def test_models_alone_lists_and_a_wrong_word_is_no_file(kit: Kit, tmp_path: Path) -> None:
    missing = str(tmp_path / "kit.yaml")
    assert kit("models", missing).err == kit("models", "list", missing).err
    shown = kit("models", "pul", "x")
    assert (shown.code, shown.err.splitlines()[0]) == (2, "error: there is no command 'pul'; did you mean pull?")
    assert kit("models", "--json", missing).document["error"]["exit_code"] == 2


def test_an_engine_that_runs_elsewhere_is_no_service_here(kit: Kit, desired: Share) -> None:
    shown = kit("logs", "mac", str(desired.path))
    assert shown.err.splitlines() == ["error: there is no service 'mac'", "there is none"]
    assert "Stack home runs nothing of its own." in kit("check", str(desired.path)).out


def test_an_engine_that_is_stopped_is_told_with_the_line_that_starts_it(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kit.yaml"
    path.write_text(
        "kit: 1\nstack: home\nengines: [{name: main, kind: ollama}]\ngateway: null\nwebui: null\nbackup: null\n"
    )
    write_lock(lock_of(load_spec(path)), lock_path(path))
    exited = Container("c1", "main:1", "i1", "exited", None, 0, 0, {}, "2026-01-01T00:00:00Z")
    silent = SeenEngine(problem="it refuses the connection")
    observation = replace(BARE, services={"main": exited}, engines={"main": silent})
    monkeypatch.setattr("deploy.cli.verbs.models.observe", lambda *_: observation)
    assert kit("models", str(path)).out.splitlines()[-1] == f"main is stopped: kit start main {path}"
    document = kit("models", "--json", str(path)).here
    assert document["stopped"] == [{"engine": "main", "next": f"kit start main {path}"}]
    running = replace(observation, services={"main": replace(exited, state="running")})
    monkeypatch.setattr("deploy.cli.verbs.models.observe", lambda *_: running)
    assert kit("models", "--json", str(path)).here["stopped"] == []
    assert "kit start" not in kit("models", str(path)).out


def test_a_size_that_nobody_tells_has_the_same_sign_everywhere(desired: Share) -> None:
    asleep = seen(desired, digests={}, problem="it sleeps")
    assert {row.size_bytes for row in rows(desired.deployment, asleep)} == {None}
    lines = click.unstyle(table(desired.path, rows(desired.deployment, asleep))).splitlines()
    assert {line.split()[2] for line in lines[1:4]} == {"-"}


def test_the_document_has_every_model_of_the_file(kit: Kit, desired: Share) -> None:
    document = kit("models", "--json", str(desired.path)).here
    assert [(one["name"], one["engine"]) for one in document["models"]] == [
        ("poet", "mac"),
        ("coder", "mac"),
        ("fast", "studio"),
    ]


@pytest.mark.parametrize("line", ["models pull NAME --engine mac", "run NAME --engine mac Hi"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gpt-oss:120b-cloud", "names a model in the vendor's cloud: each request would be sent there"),
        ("glm:CLOUD", "names a model in the vendor's cloud"),
        ("poet:local", "the engine strips the tag local from every name"),
    ],
)
def test_a_name_that_leaves_the_engine_is_refused_however_it_gets_there(
    desired: Share, kit: Kit, line: str, name: str, words: str
) -> None:
    def ran() -> str:
        done = kit(*line.replace("NAME", name).split(), str(desired.path))
        assert done.code != 0
        return done.err

    desired.path.write_text(desired.path.read_text().replace("mac.lan:11434", "127.0.0.1:1"))
    assert words in ran()
    written = desired.path.read_text()
    desired.path.write_text(written.replace("api: ollama, ", "api: ollama, cloud: true, "))
    # What is left fails for the engine is not there.
    assert (words in ran()) == name.endswith("local")
