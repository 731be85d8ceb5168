"""Models against a double of the engine: what is equal stays, and whatever differs is told with its cause."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.engines import SyncAnswer
from deploy.agent.engines import sync
from deploy.agent.engines.observe import observe
from deploy.agent.journal import Journal
from deploy.agent.protocols.ollama.engine import Engine as AskedEngine
from deploy.apply.requests.inputs import sync_request
from deploy.decide.resolve import resolve
from deploy.deployment.host import Deployment
from deploy.hosts.observation.asked import engine_request
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.hosts.observation.seen import Container
from deploy.lock.model import Lock
from deploy.plan.models import model_advice, model_doubts, model_operations, model_refusals
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.contract.toys import toy
from tests.documents import with_keys
from tests.doubles.ollama.server import Handler, Server
from tests.golden.hosts import bare
from tests.golden.plans_of import PLANS, desired_of
from tests.locks import lock_of
from tests.unit.agent.engines.conftest import serving
from tests.unit.sending import send_from

Model = dict[str, Any]


@dataclass
class Host:
    """A host with one engine, the double, and a folder with kit.yaml's files."""

    folder: Path
    double: Server
    answer: Any

    def deployment(self, *models: Model, prune: bool = False, **fields: Any) -> Deployment:
        engine = {"name": "main", "kind": "ollama", "prune": prune, **fields}
        data = {"kit": 1, "stack": "home", "backup": None, "engines": [engine], "gateway": None, "webui": None}
        spec = Spec.model_validate_json(json.dumps({**data, "models": [{"engine": "main", **one} for one in models]}))
        found = resolve(spec, self.lock(spec))[HERE]
        folder = str(self.double.store.blobs.parent)
        return replace(
            found, engines=tuple(replace(one, address=self.double.url, models_dir=folder) for one in found.engines)
        )

    def lock(self, spec: Spec) -> Lock:
        lock = lock_of(spec)
        sized = {
            key: one.model_copy(update={"size": (self.folder / one.file).stat().st_size})
            for key, one in lock.models.items()
            if one.source == "file"
        }
        return lock.model_copy(update={"models": lock.models | sized})

    def sync(self, deployment: Deployment) -> SyncAnswer:
        send_from(self.folder, deployment)
        request = sync_request(deployment, "ollama", "run-1")
        journal = Journal(str(self.folder / "root"), "run-1")
        return sync.run({**request, "root": str(self.folder / "root")}, journal, lambda _request, _journal: None)

    def seen(self, deployment: Deployment) -> Observation:
        asked = [engine_request(engine) for engine in deployment.engines]
        return read_observation(with_keys(self.answer, engines=observe(asked, self.folder / "root")))

    def plan(self, deployment: Deployment) -> list[tuple[str, str, str]]:
        found = model_operations(deployment, self.seen(deployment))
        return [(one.resource, one.action, one.cause) for one in found]

    def by_hand(self) -> AskedEngine:
        described: Any = {"name": "main", "protocol": "ollama", "address": self.double.url}
        return AskedEngine(described, self.folder)


def running_on(port: str) -> Container:
    return Container("c1", "main:1", "i1", "running", "healthy", 0, 0, {}, "2026-01-01T00:00:00Z", ports=(port,))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    wanted = desired_of(PLANS / "settled" / "kit.yaml", tmp_path)
    with serving(tmp_path / "models", Handler) as double:
        yield Host(tmp_path, double, bare(wanted))


def file_of(host: Host, content: bytes, name: str = "own.gguf") -> dict[str, str]:
    (host.folder / name).write_bytes(content)
    return {"file": name, "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize("template", [False, True])
def test_a_file_that_the_engine_rewrites_or_whose_template_it_knows_is_no_drift(host: Host, template: bool) -> None:
    content = toy(template)
    deployment = host.deployment({"name": "toy", "from": file_of(host, content), "temperature": 0.5})
    assert host.plan(deployment)[0][:2] == ("model toy", "create")
    assert host.sync(deployment)["created"] == ["main/toy"]
    seen = host.seen(deployment).engines["main"]
    (live,) = seen.digests.values()
    manifest = next(p for p in host.double.store.blobs.parent.rglob("manifests/**/latest"))
    layers = {one["mediaType"].rpartition(".")[2]: one["digest"] for one in json.loads(manifest.read_text())["layers"]}
    assert layers["model"] != f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert ("template" in layers) == template
    assert seen.manifests == {"toy": live}
    assert host.plan(deployment) == []
    assert host.sync(deployment)["changed"] is False


def test_what_changed_in_the_spec_has_a_name(host: Host) -> None:
    source = file_of(host, toy(False))
    before = {"name": "toy", "from": source, "temperature": 0.5, "system": "Be brief."}
    child = {"name": "child", "from": "toy", "top_k": 5}
    host.sync(host.deployment(before, child))
    changed = host.deployment({**before, "temperature": 0.6, "stop": ["END"]}, child)
    assert host.plan(changed) == [
        ("model toy", "create", "stop added, temperature changed"),
        ("model child", "create", "made from toy, which is recreated"),
    ]
    examples = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    spoken = host.deployment({"name": "toy", "from": source, "messages": examples}, {**child, "top_k": 6})
    assert host.plan(spoken) == [
        ("model toy", "create", "examples added, system text taken out, temperature taken out"),
        ("model child", "create", "top_k changed"),
    ]
    other = host.deployment({**before, "from": file_of(host, toy(True), "other.gguf")}, child)
    assert host.plan(other)[0][2].startswith("file changed; takes up to 1 MiB in ")


def test_what_somebody_did_to_the_engine_has_a_name(host: Host) -> None:
    source = file_of(host, toy(False))
    models = [{"name": name, "from": source, "system": "Be brief."} for name in ("kept", "gone", "changed")]
    child = {"name": "child", "from": "kept", "template": "{{ .Prompt }}"}
    deployment = host.deployment(*models, child)
    host.sync(deployment)
    by_hand = host.by_hand()
    by_hand.remove("gone")
    by_hand.create({"model": "changed", "from": "kept", "system": "Be loud."}, lambda _said: None)
    by_hand.create({"model": "child", "from": "kept", "template": "{{ .Prompt }}", "system": "No."}, lambda _said: None)
    assert host.plan(deployment) == [
        ("model gone", "create", "somebody removed it"),
        ("model changed", "create", "changed in the engine: system text changed"),
        ("model child", "create", "changed in the engine: system text changed"),
    ]
    # Without the memory of how it was shown, its layers are computed, with those that it takes over.
    (memory,) = (host.folder / "root" / "run").glob("models.json")
    known = json.loads(memory.read_text())
    for pair in known["engines"]["main"].values():
        del pair["shown"]
    memory.write_text(json.dumps(known))
    told = "the system text changed in the engine"
    assert [cause for _, _, cause in host.plan(deployment)] == ["somebody removed it", told, told]
    assert host.sync(deployment)["created"] == ["main/gone", "main/changed", "main/child"]
    assert host.plan(deployment) == []


def test_what_somebody_did_to_an_engine_outside_has_a_name_too(host: Host) -> None:
    source = file_of(host, toy(False))
    kept = {"name": "kept", "from": source, "temperature": 0.2, "stop": ["END"], "system": "Be brief."}
    deployment = host.deployment(kept, {**kept, "name": "hot"}, {**kept, "name": "bare"}, {**kept, "name": "moved"})
    deployment = replace(deployment, engines=(replace(deployment.engines[0], models_dir=None),))
    host.sync(deployment)
    by_hand = host.by_hand()

    def make(name: str, **fields: Any) -> None:
        by_hand.create({"model": name, **fields}, lambda _said: None)

    make("hot", **{"from": "hot", "parameters": {"temperature": 0.9, "top_k": 5, "stop": ["END", "<x>"]}})
    make("bare", files={"model.gguf": f"sha256:{source['sha256']}"}, template="{{ .Prompt }}!", license="Mine.")
    make("other", **{"from": "kept"})
    make("moved", **{"from": "other"})
    # Nothing travels: the engine has the file that all of them are made of.
    told = {resource: cause for resource, _, cause in host.plan(deployment)}
    assert told == {
        "model hot": 'changed in the engine: parameter stop "END" → "END", "<x>", parameter temperature 0.2 → 0.9, '
        "parameter top_k 5 added",
        "model bare": 'changed in the engine: parameter stop "END" taken out, parameter temperature 0.2 taken out, '
        "template changed, system text taken out, license added",
        "model moved": "changed in the engine: another base: a file → other",
    }
    assert host.sync(deployment)["created"] == ["main/hot", "main/bare", "main/moved"]
    assert host.plan(deployment) == []


def test_what_somebody_did_to_an_engine_that_is_stopped_is_in_the_plan_before_it_runs(host: Host) -> None:
    source = file_of(host, toy(False))
    deployment = host.deployment(*({"name": name, "from": source} for name in ("kept", "changed", "gone")), prune=True)
    host.sync(deployment)
    host.by_hand().create({"model": "changed", "from": "kept", "system": "Be loud."}, lambda _said: None)
    host.by_hand().remove("gone")
    running = host.plan(deployment)
    off = replace(deployment, engines=(replace(deployment.engines[0], address="http://127.0.0.1:1"),))
    assert host.plan(off) == [
        ("model changed", "create", "kit.yaml has no system text, but the engine does"),
        ("model gone", "create", "somebody removed it"),
    ]
    assert [(resource, action) for resource, action, _ in host.plan(off)] == [one[:2] for one in running]
    assert list(model_doubts(off, host.seen(off))) == []
    unread = replace(off, engines=(replace(off.engines[0], models_dir="/nowhere"),))
    (line,) = model_doubts(unread, host.seen(unread))
    assert line.endswith("refuses the connection; its models are compared when it answers")
    moving = replace(host.seen(unread), services={"main": running_on("127.0.0.1:11434")})
    assert list(model_doubts(unread, moving)) == []
    silent = replace(moving, services={"main": running_on("127.0.0.1:1")})
    assert list(model_doubts(unread, silent)) == [line]
    left = replace(off, engines=(replace(off.engines[0], models=off.engines[0].models[1:]),))
    assert ("model kept", "remove", "no longer declared") in host.plan(left)
    assert host.sync(deployment)["created"] == ["main/changed", "main/gone"]
    assert host.plan(off) == []


def test_what_left_the_spec_is_kept_and_told_or_pruned(host: Host) -> None:
    source = file_of(host, toy(False))
    one, two = ({"name": name, "from": source} for name in ("one", "two"))
    host.sync(host.deployment(one, two))
    kept = host.deployment(one)
    assert host.plan(kept) == []
    (line,) = model_advice(kept, host.seen(kept))
    assert line.startswith("main keeps two, which left kit.yaml; `prune: true` there")
    pruned = host.deployment(one, prune=True)
    assert host.plan(pruned) == [("model two", "remove", "no longer declared")]
    assert host.sync(pruned)["removed"] == ["main/two"]
    assert list(model_advice(pruned, host.seen(pruned))) == []


def test_models_of_another_folder_are_made_again_where_it_has_no_store(host: Host) -> None:
    deployment = host.deployment({"name": "toy", "from": file_of(host, toy(False))})
    host.sync(deployment)
    new = host.folder / "it's new"
    moved = replace(deployment, engines=(replace(deployment.engines[0], models_dir=str(new)),))
    ((resource, action, cause),) = host.plan(moved)
    assert (resource, action, cause.partition(";")[0]) == ("model toy", "create", f"not in {new}")
    (new / "manifests").mkdir(parents=True)
    assert host.plan(moved) == []
    assert list(model_advice(moved, host.seen(moved))) == []


def test_an_engine_without_any_model_gets_the_line_for_the_first_one(host: Host) -> None:
    deployment = host.deployment()
    (line,) = model_advice(deployment, host.seen(deployment))
    assert line == (
        'main has no model yet; write `- {name: mine, engine: main, from: "llama3.2:3b"}` under `models:`, '
        "then `kit lock` and `kit apply`"
    )


def test_somebody_elses_engine_that_sleeps_is_in_the_way_only_of_new_models(host: Host) -> None:
    deployment = host.deployment({"name": "toy", "from": file_of(host, toy(False))})
    (engine,) = deployment.engines
    outside = replace(deployment, engines=(replace(engine, models_dir=None),))
    host.sync(outside)
    host.double.shutdown()
    host.double.server_close()
    assert host.plan(outside) == []
    assert list(model_refusals(outside, host.seen(outside))) == []
    (line,) = model_advice(outside, host.seen(outside))
    assert line.endswith("its models are compared when it answers")
    assert list(model_doubts(outside, host.seen(outside))) == [line]
    assert host.sync(outside)["changed"] is False
    other = replace(outside.engines[0].models[0], digest="another")
    more = replace(outside, engines=(replace(outside.engines[0], models=(other,)),))
    ((problem, next_step),) = model_refusals(more, host.seen(more))
    assert "refuses the connection, and models are to be made there" in problem
    assert next_step.startswith("let it answer")
