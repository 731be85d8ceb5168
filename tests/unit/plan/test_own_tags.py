"""A library's tag under its own name, from kit.yaml to the engine: pulled, held to the lock, asked, and taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.engines import SyncAnswer
from deploy.agent.engines import sync
from deploy.agent.engines.observe import observe
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.protocols.doors.names import same
from deploy.agent.protocols.ollama.engine import Engine as AskedEngine
from deploy.apply.requests.inputs import sync_request
from deploy.chat.doors import doors
from deploy.decide.resolve import resolve, resolved_parts
from deploy.deployment.host import Deployment
from deploy.deployment.offers import ChatApi
from deploy.errors import UsageError
from deploy.hosts.observation.asked import engine_request
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.lifecycle.engine_acts import pull_model
from deploy.lifecycle.models import rows
from deploy.lock.missing import missing_inputs
from deploy.lock.model import Lock
from deploy.lock.pinning import make_lock
from deploy.plan.models import model_operations
from deploy.sources.weights.measured import Said
from deploy.spec.checks.crosschecks import findings
from deploy.spec.model import Spec
from deploy.stack import HERE
from deploy.verify.engines import Engines
from tests.documents import with_keys
from tests.doubles.ollama import pull
from tests.doubles.ollama.server import Handler, Server
from tests.golden.hosts import bare
from tests.golden.plans_of import PLANS, desired_of
from tests.locks import lock_of
from tests.unit.agent.engines.asking import GGUF, asking, from_file
from tests.unit.agent.engines.conftest import serving
from tests.unit.agent.engines.registry import Registry, registry
from tests.unit.agent.engines.scripted import described
from tests.unit.played import evidence_of
from tests.unit.sending import send_from

Model = dict[str, Any]
OUTSIDE = {"name": "main", "kind": "external", "api": "ollama", "url": "http://ollama.lan:11434"}
MANAGED = {"name": "main", "kind": "ollama"}


@dataclass
class Place:
    """An engine, a library that it pulls from, and the folder of what is remembered."""

    folder: Path
    double: Server
    library: Registry
    publisher: Server
    answer: Any

    def publish(self, tag: str, **fields: Any) -> str:
        """Let a tag of the library mean something, and return its digest."""
        made = asking(self.folder / "publisher", self.publisher.url, [from_file(tag, self.folder / "m.gguf", **fields)])
        sync.run(made, Journal(str(self.folder / "publisher"), "run-1"))
        return AskedEngine(described(self.publisher.url), self.folder).models()[same(tag)].digest

    def spec(self, *models: Model, **engine: Any) -> Spec:
        engines = [{**OUTSIDE, **engine}]
        data = {"kit": 1, "stack": "home", "backup": None, "engines": engines, "gateway": None, "webui": None}
        more = {"mirrors": {"models": self.library.url}, "models": [{"engine": "main", **one} for one in models]}
        return Spec.model_validate_json(json.dumps(data | more))

    def deployment(self, spec: Spec) -> Deployment:
        assert list(findings(spec)) == []
        lock = make_lock(spec, self.folder, quiet)
        assert missing_inputs(spec, lock) == []
        found = resolve(spec, lock)[HERE]
        return replace(found, engines=tuple(replace(one, address=self.double.url) for one in found.engines))

    def sync(self, deployment: Deployment) -> SyncAnswer:
        send_from(self.folder, deployment)
        request = sync_request(deployment, "external", "run-1")
        return sync.run({**request, "root": str(self.folder / "home")}, Journal(str(self.folder / "home"), "run-1"))

    def seen(self, deployment: Deployment) -> Observation:
        asked = [engine_request(engine) for engine in deployment.engines]
        return read_observation(with_keys(self.answer, engines=observe(asked, self.folder / "home")))

    def plan(self, deployment: Deployment) -> list[tuple[str, str, str]]:
        found = model_operations(deployment, self.seen(deployment))
        return [(one.resource, one.action, one.cause.partition("; ")[0]) for one in found]

    def by_hand(self) -> AskedEngine:
        return AskedEngine(described(self.double.url), self.folder)

    def differences(self, deployment: Deployment) -> list[str]:
        engines = Engines(evidence_of(deployment, self.folder))
        return [engines.difference(engine, model) for engine in deployment.engines for model in engine.models]


def quiet(_what: str) -> Said:
    return lambda _doing, _done, _total: None


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(pull, "PAUSE_SECONDS", 0.001)
    (tmp_path / "m.gguf").write_bytes(GGUF)
    answer = bare(desired_of(PLANS / "settled" / "kit.yaml", tmp_path))
    with (
        serving(tmp_path / "models", Handler) as double,
        serving(tmp_path / "library", Handler) as publisher,
        registry(publisher.store.root) as library,
    ):
        yield Place(tmp_path, double, library, publisher, answer)


SPELLED = [
    ("llama3:8b", None),
    ("llama3:8b", "llama3:8b"),
    ("llama3:8b", "library/llama3:8b"),
    ("llama3:8b", "registry.ollama.ai/library/llama3:8b"),
    ("LLAMA3:8b", "llama3:8b"),
    ("library/llama3:8b", None),
    ("tiny", None),
    ("tiny:latest", None),
    ("tiny", "library/tiny:latest"),
    ("you/tiny:q4", None),
]


@pytest.mark.parametrize(("name", "origin"), SPELLED)
def test_a_tag_under_its_own_name_is_a_plain_pull(place: Place, name: str, origin: str | None) -> None:
    digest = place.publish((origin or name).removeprefix("registry.ollama.ai/").removeprefix("library/"))
    deployment = place.deployment(place.spec({"name": name, **({"from": origin} if origin else {})}))
    assert place.plan(deployment) == [(f"model {name}", "pull", "not on the engine")]
    done = place.sync(deployment)
    assert (done["created"], len(done["pulled"])) == ([], 1)
    assert [one.digest for one in place.by_hand().models().values()] == [digest]
    assert place.plan(deployment) == []
    assert place.differences(deployment) == [""]
    assert [row.state for row in rows(deployment, place.seen(deployment))] == ["equal"]
    assert place.sync(deployment)["changed"] is False


def test_what_a_person_pulled_already_is_taken_over(place: Place) -> None:
    place.publish("llama3:8b")
    deployment = place.deployment(place.spec({"name": "Llama3:8B", "from": "llama3:8b"}))
    place.sync(deployment)
    (place.folder / "home" / "run" / "models.json").unlink()
    assert place.plan(deployment) == [("model Llama3:8B", "accept", "on the engine as kit.lock has it")]
    assert place.sync(deployment) == {"changed": False, "created": [], "pulled": [], "removed": []}
    assert place.plan(deployment) == []


def test_a_tag_that_was_changed_on_the_engine_is_pulled_again(place: Place) -> None:
    digest = place.publish("llama3:8b")
    deployment = place.deployment(place.spec({"name": "llama3:8b"}))
    place.sync(deployment)
    place.by_hand().create({"model": "llama3:8b", "from": "llama3:8b", "system": "Mine."}, lambda _said: None)
    ((_, action, cause),) = place.plan(deployment)
    assert (action, "changed in the engine" in cause) == ("pull", True)
    place.sync(deployment)
    assert place.by_hand().models()["llama3:8b"].digest == digest
    assert place.plan(deployment) == []


def test_another_state_of_the_tag_is_replaced_by_the_locked_one(place: Place) -> None:
    place.publish("llama3:8b", system="Old.")
    before = place.deployment(place.spec({"name": "llama3:8b"}))
    place.sync(before)
    digest = place.publish("llama3:8b", system="New.")
    after = place.deployment(place.spec({"name": "llama3:8b"}))
    assert place.plan(after) == [("model llama3:8b", "pull", "the locked tag changed")]
    (place.folder / "home" / "run" / "models.json").unlink()
    assert place.plan(after)[0][2] == "on the engine, but not as kit.lock has it: it is replaced"
    place.sync(after)
    assert place.by_hand().models()["llama3:8b"].digest == digest
    # The library has moved on: what was locked before cannot be had any more, which is told.
    with pytest.raises(AgentError, match="has moved") as caught:
        place.sync(before)
    assert caught.value.next_step == "`kit lock --upgrade llama3:8b` locks the tag's present digest"


@pytest.mark.parametrize("origin", ["llama3:8b", "library/LLAMA3:8b"])
def test_a_model_is_made_from_a_tag_that_stands_in_kit_yaml(place: Place, origin: str) -> None:
    place.publish("llama3:8b")
    child = {"name": "pirate", "from": origin, "system": "Answer as a pirate."}
    deployment = place.deployment(place.spec(child, {"name": "llama3:8b"}))
    assert [resource for resource, _, _ in place.plan(deployment)] == ["model llama3:8b", "model pirate"]
    done = place.sync(deployment)
    assert (done["created"], done["pulled"]) == (["main/pirate"], ["main/llama3:8b"])
    assert place.plan(deployment) == []


def test_a_tag_that_left_kit_yaml_is_pruned(place: Place) -> None:
    place.publish("llama3:8b")
    place.sync(place.deployment(place.spec({"name": "llama3:8b"})))
    left = place.deployment(place.spec(prune=True))
    assert place.plan(left) == [("model llama3:8b", "remove", "no longer declared")]
    assert place.sync(left)["removed"] == ["main/llama3:8b"]
    assert place.by_hand().models() == {}


def managed(name: str, **more: Any) -> tuple[Spec, Lock]:
    data = {
        "kit": 1,
        "stack": "home",
        "backup": None,
        "engines": [MANAGED],
        "models": [{"name": name, "engine": "main"}],
    }
    spec = Spec.model_validate_json(json.dumps(data | more))
    return spec, lock_of(spec)


def test_it_stands_behind_the_gateway_and_in_the_page_under_its_own_name() -> None:
    spec, lock = managed("llama3.2:3b", webui={"embedding": "llama3.2:3b"})
    assert list(findings(spec)) == []
    deployment = resolve(spec, lock)[HERE]
    assert deployment.service("main").egress_cause == "pulls llama3.2:3b"
    assert deployment.service("main").facts["embedding"] == "llama3.2:3b"
    assert [door.models for door in doors(spec, resolved_parts(spec, lock))] == [("llama3.2:3b",)] * 2
    assert deployment.service("open_webui").facts["models"] == ["llama3.2:3b"]


def test_the_page_asks_an_engine_by_the_spelling_that_it_lists() -> None:
    spec = managed("x")[0]
    model = {"name": "Llama3.2:3B", "engine": "main", "from": "llama3.2:3b"}
    spec = Spec.model_validate_json(
        json.dumps(
            {
                **spec.model_dump(mode="json", include={"kit", "stack"}),
                "backup": None,
                "engines": [MANAGED],
                "models": [model],
                "gateway": None,
            }
        )
    )
    deployment = resolve(spec, lock_of(spec))[HERE]
    (chat,) = [
        one
        for part in resolved_parts(spec, lock_of(spec)).all
        for one in part.resolved.offers
        if isinstance(one, ChatApi)
    ]
    assert (chat.models, chat.name_of("Llama3.2:3B")) == (("Llama3.2:3B",), "llama3.2:3b")
    assert deployment.service("open_webui").facts["models"] == ["llama3.2:3b"]


def test_a_pull_by_hand_of_what_kit_yaml_has_leads_to_the_lock() -> None:
    deployment = resolve(*managed("llama3.2:3b"))[HERE]
    with pytest.raises(UsageError) as caught:
        pull_model(deployment, None, deployment.engines[0], "library/llama3.2:3b", lambda _event: None)  # type: ignore[arg-type]
    assert "`kit lock --upgrade llama3.2:3b`" in caught.value.next_step


@pytest.mark.parametrize("origin", [None, "llama3.2:3b", "library/llama3.2:3b"])
@pytest.mark.parametrize(
    "own", [{"system": "Hi."}, {"num_ctx": 8192}, {"preset": "balanced"}, {"template": "{{ .Prompt }}"}]
)
@pytest.mark.parametrize("engine", [MANAGED, OUTSIDE])
def test_with_a_setting_of_ones_own_it_needs_a_name_of_its_own(engine: Model, own: Model, origin: str | None) -> None:
    model = {"name": "llama3.2:3b", "engine": "main", **({"from": origin} if origin else {}), **own}
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [engine], "models": [model]}
    (found,) = findings(Spec.model_validate_json(json.dumps(data)))
    assert found.path == ("models", 0, next(iter(own)))
    assert f'a name of its own, such as `name: my-llama3.2` with `from: "{origin or "llama3.2:3b"}"`' in found.message
    named = {**model, "name": "my-llama3.2", "from": origin or "llama3.2:3b"}
    assert list(findings(Spec.model_validate_json(json.dumps({**data, "models": [named]})))) == []


@pytest.mark.parametrize("kind", ["llama_cpp", "openai"])
def test_elsewhere_a_name_alone_means_what_that_kind_of_engine_does(kind: str) -> None:
    named = {"name": "main", "kind": "external", "api": "openai", "url": "http://lm.lan:1234"}
    engine = named if kind == "openai" else {"name": "main", "kind": "llama_cpp", "threads": 1}
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [engine], "models": [{"name": "x", "engine": "main"}]}
    spec = Spec.model_validate_json(json.dumps(data))
    assert [found.path for found in findings(spec)] == ([] if kind == "openai" else [("models", 0, "from")])
    assert lock_of(spec).models == {}
