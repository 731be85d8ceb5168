"""The models of an engine beside those of kit.yaml, asked of the double by the real agent."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploy.deployment.engines import ModelFile
from deploy.deployment.folders import Owner
from deploy.deployment.host import Deployment
from deploy.deployment.image import Image
from deploy.deployment.models import Base
from deploy.deployment.service import Service
from deploy.errors import KitError, UsageError
from deploy.lifecycle.engine_acts import chosen_engine, ensure_removable, pull_model, remove_model, resting_on
from deploy.lifecycle.models import Row, completed, listed, rows
from tests.doubles.ollama.server import Handler, Server
from tests.unit.agent.engines.asking import GGUF
from tests.unit.agent.engines.conftest import serving
from tests.unit.agent.engines.registry import registry
from tests.unit.lifecycle.engines import InFolder, deployment, model, observed, synced


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "models", Handler) as server:
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.gguf"
    path.write_bytes(GGUF)
    return path


@pytest.fixture
def transport(tmp_path: Path) -> InFolder:
    return InFolder(tmp_path)


def by_hand(double: Server, method: str, path: str, body: dict[str, Any]) -> None:
    """Do what a person does at the engine itself."""
    connection = http.client.HTTPConnection(urlsplit(double.url).netloc)
    connection.request(method, path, json.dumps(body))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200


def states(there: Deployment, transport: InFolder) -> dict[str, str]:
    return {row.name: row.state for row in rows(there, observed(there, transport))}


def test_every_state_of_a_model_has_its_words(double: Server, file: Path, transport: InFolder) -> None:
    there = deployment(double.url, *(model(name, file) for name in ("Tech:1", "poet", "coder")))
    assert set(states(there, transport).values()) == {"not made yet"}
    synced(there, transport, file)
    assert set(states(there, transport).values()) == {"equal"}

    by_hand(double, "DELETE", "/api/delete", {"model": "poet"})
    by_hand(double, "POST", "/api/copy", {"source": "coder", "destination": "mine"})
    changed = {"model": "Tech:1", "from": "Tech:1", "parameters": {"top_k": 3}, "stream": False}
    by_hand(double, "POST", "/api/create", changed)
    newer = deployment(double.url, model("Tech:1", file), model("poet", file), model("coder", file, system="Short."))
    assert states(newer, transport) == {
        "Tech:1": "changed in the engine: parameter top_k 3 added",
        "poet": "removed by hand",
        "coder": "kit.yaml changed",
        "mine": "not in kit.yaml (made by hand)",
    }


def test_a_model_that_has_lost_a_part_says_so(double: Server, file: Path, transport: InFolder) -> None:
    there = deployment(double.url, model("poet", file, system="Rhyme."), model("coder", file))
    synced(there, transport, file)
    by_hand(double, "POST", "/api/copy", {"source": "poet", "destination": "mine"})
    folder = str(double.store.root)
    there = replace(there, engines=(replace(there.engines[0], models_dir=folder),))
    assert states(there, transport)["poet"] == "equal"
    manifest = next(one for name, one in double.store.models().items() if name.model == "poet")
    lost = double.store.blob(manifest.of_kind("system")[0].digest)
    lost.unlink()
    words = f"damaged: its layer system {lost.name[7:19]} is missing"
    assert states(there, transport) == {
        "poet": words,
        "coder": "equal",
        "mine": f"not in kit.yaml (made by hand); {words}",
    }


def test_what_somebody_changed_in_the_engine_is_said_once(double: Server, file: Path, transport: InFolder) -> None:
    poet = replace(model("poet", file, system="Rhyme."), layers={"system": "a"})
    there = deployment(double.url, poet)
    synced(there, transport, file)
    by_hand(double, "POST", "/api/create", {"model": "poet", "from": "poet", "system": "Be dull.", "stream": False})
    seen = observed(there, transport)
    (row,) = rows(there, seen)
    assert row.state == "changed in the engine: system text changed"
    told: list[tuple[str, dict[str, dict[str, str]]]] = [
        ("changed in the engine", {}),
        ("the system text changed in the engine", {"poet": {"system": "b"}}),
        ("changed in the engine: the engine lacks the system text", {"poet": {"model": "m"}}),
    ]
    for state, layers in told:
        engine = replace(seen.engines["mac"], layers=layers, shown={})
        (row,) = rows(there, replace(seen, engines={"mac": engine}))
        assert row.state == state


def test_a_model_that_left_kit_yaml_stays_or_goes_with_the_next_apply(
    double: Server, file: Path, transport: InFolder
) -> None:
    synced(deployment(double.url, model("poet", file)), transport, file)
    assert states(deployment(double.url), transport) == {"poet": "not in kit.yaml (left kit.yaml)"}
    pruned = states(deployment(double.url, prune=True), transport)
    assert pruned == {"poet": "not in kit.yaml (left kit.yaml; the next apply removes it)"}


def test_a_tag_says_what_is_made_from_it_and_when_it_is_not_the_locked_one(
    double: Server, file: Path, transport: InFolder
) -> None:
    synced(deployment(double.url, model("base:1b", file)), transport, file)
    there = observed(deployment(double.url), transport)
    digest = there.engines["mac"].digests["base:1b"]
    for locked, more in ((digest, ""), ("0" * 64, "; not the one of kit.lock")):
        above = replace(model("poet", file), base=Base("base:1b", locked, 7))
        found = {row.name: row for row in rows(deployment(double.url, above), there)}
        assert found["base:1b"].state == f"what poet is made from{more}"
        assert found["poet"].size_bytes == 7


def test_an_engine_that_is_silent_says_so_of_each_of_its_models(file: Path, transport: InFolder) -> None:
    there = deployment("http://127.0.0.1:1", model("poet", file))
    observation = observed(there, transport)
    (row,) = completed(there, transport, rows(there, observation), observation)
    assert row.state.startswith("engine does not answer: ")
    assert row.state.endswith("http://127.0.0.1:1 refuses the connection")
    assert (row.is_seen, row.differs) == (False, False)


def test_sizes_digests_and_what_is_loaded_come_from_the_engine(double: Server, file: Path, transport: InFolder) -> None:
    there = deployment(double.url, model("Tech:1", file))
    synced(there, transport, file)
    observation = observed(there, transport)
    (row,) = completed(there, transport, rows(there, observation), observation)
    (live,) = listed(there, transport, there.engines[0]).values()
    assert (row.name, row.size_bytes, row.digest, row.loaded) == ("Tech:1", live["size"], live["digest"], None)


def test_sizes_of_an_engine_that_is_stopped_come_from_the_manifests_in_its_folder(
    double: Server, file: Path, transport: InFolder
) -> None:
    there = deployment(double.url, model("poet", file))
    synced(there, transport, file)
    (live,) = listed(there, transport, there.engines[0]).values()
    engine = replace(there.engines[0], address="http://127.0.0.1:1", models_dir=str(double.store.blobs.parent))
    off = replace(there, engines=(engine,))
    observation = observed(off, transport)
    (row,) = completed(off, transport, rows(off, observation), observation)
    assert (row.state, row.size_bytes, row.digest) == ("equal", live["size"], live["digest"])


def test_a_file_that_an_engine_opens_is_there_or_not_or_another(transport: InFolder) -> None:
    file = ModelFile("gemma", "main", "/srv/g.gguf", Owner(1, 1), "a" * 64, 5, {})
    there = Deployment("home", (), (file,))
    seen = observed(there, transport)
    for models, words in (
        ({}, "not fetched yet"),
        ({"/srv/g.gguf": "a" * 64}, "equal"),
        ({"/srv/g.gguf": "b" * 64}, "another file lies in its place"),
    ):
        assert rows(there, replace(seen, models=models)) == (Row("gemma", "main", words, True, 5, "a" * 64),)


def test_a_model_is_removed_under_the_hold_and_one_of_kit_yaml_is_not(
    double: Server, file: Path, transport: InFolder
) -> None:
    synced(deployment(double.url, model("poet", file), model("mine", file)), transport, file)
    there = deployment(double.url, model("poet", file))
    (engine,) = there.engines
    names = tuple(one["name"] for one in listed(there, transport, engine).values())
    with pytest.raises(UsageError) as declared:
        ensure_removable(engine, "Poet:latest", names)
    assert declared.value.next_step == (
        "take it out of kit.yaml, write `prune: true` at its engine, then `kit apply` removes it"
    )
    with pytest.raises(UsageError, match=r"mac has no model 'mime' \(did you mean mine\?\)"):
        ensure_removable(engine, "mime", names)
    ensure_removable(engine, "mine", names)
    said: list[str] = []
    assert remove_model(there, transport, engine, "mine", lambda line: said.append(line["step"]))["changed"]
    assert "remove mine" in said
    assert states(there, transport) == {"poet": "equal"}


def test_a_tag_is_pulled_from_the_mirror_that_the_spec_names(
    tmp_path: Path, double: Server, file: Path, transport: InFolder
) -> None:
    with serving(tmp_path / "library", Handler) as library:
        elsewhere = InFolder(tmp_path / "elsewhere")
        synced(deployment(library.url, model("tiny:1b", file)), elsewhere, file)
        with registry(tmp_path / "library") as mirror:
            there = deployment(double.url, model("poet", file))
            there = replace(there, fetch=replace(there.fetch, models=mirror.url))
            (engine,) = there.engines
            answer = pull_model(there, transport, engine, "tiny:1b", lambda _: None)
            again = pull_model(there, transport, engine, "tiny:1b", lambda _: None)
    assert (answer["changed"], answer["name"], again["changed"]) == (True, "tiny:1b", False)
    assert states(there, transport)["tiny:1b"] == "not in kit.yaml (made by hand)"
    with pytest.raises(UsageError, match="poet is made from"):
        pull_model(there, transport, engine, "POET", lambda _: None)


def test_an_engine_without_a_way_out_is_told_to_have_one(file: Path, transport: InFolder) -> None:
    image = Image("i", "pull", "", 0)
    service = Service("mac", "x", image, (), Owner(1, 1))
    there = deployment("http://127.0.0.1:1", model("poet", file))
    managed = replace(there.engines[0], models_dir="/srv/m")
    closed = replace(there, services=(service,), engines=(managed,))
    with pytest.raises(KitError) as wrong:
        pull_model(closed, transport, managed, "tiny:1b", lambda _: None)
    assert wrong.value.problem == "mac has no way out to the network to pull tiny:1b"


@pytest.mark.parametrize("name", ["tiny:local", "tiny:LOCAL"])
def test_a_model_that_the_engine_would_take_for_another_is_not_removed(file: Path, name: str) -> None:
    (engine,) = deployment("http://127.0.0.1:1", model("poet", file)).engines
    with pytest.raises(UsageError, match="takes the tag local off a name, and would remove tiny") as wrong:
        ensure_removable(engine, name, ("tiny", "tiny:local"))
    assert wrong.value.next_step.startswith("remove the manifest of tiny:")


def test_the_only_engine_goes_without_saying(file: Path) -> None:
    one = deployment("http://127.0.0.1:1", model("poet", file))
    assert chosen_engine({"box": one}, None) == chosen_engine({"box": one}, "mac") == ("box", one.engines[0])
    two = replace(one, engines=(one.engines[0], replace(one.engines[0], name="main")))
    with pytest.raises(UsageError, match=r"kit\.yaml has several engines"):
        chosen_engine({"box": two}, None)
    with pytest.raises(UsageError, match=r"no engine 'mack' makes models \(did you mean mac\?\)"):
        chosen_engine({"box": two}, "mack")
    with pytest.raises(UsageError, match="no engine here pulls or removes models"):
        chosen_engine({"box": replace(one, engines=())}, None)
    above = replace(model("poet", file), base=Base("tiny:1b", "d", 1))
    assert resting_on(deployment("http://127.0.0.1:1", above).engines[0], "Tiny:1B") == ("poet",)
