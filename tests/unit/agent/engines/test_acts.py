from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.engines import EngineAnswer
from deploy.agent.data.places import observe as look_at
from deploy.agent.data.places import remember_places
from deploy.agent.engines import acts, sync
from deploy.agent.engines.observe import observe
from deploy.agent.errors import AgentError
from deploy.agent.holder import hold_path, try_lock
from deploy.agent.journal import Journal
from deploy.agent.protocols.ollama import pulling
from tests.documents import with_keys
from tests.doubles.ollama.server import Server
from tests.unit.agent.data.places import Host, write_model
from tests.unit.agent.engines.asking import asking, from_file
from tests.unit.agent.engines.registry import registry
from tests.unit.agent.engines.scripted import Asked, described, scripted


@pytest.fixture
def file(tmp_path: Path, gguf: bytes) -> Path:
    path = tmp_path / "own.gguf"
    path.write_bytes(gguf)
    return path


@pytest.fixture
def held(tmp_path: Path) -> Iterator[None]:
    """This run holds the host."""
    path = hold_path(tmp_path / "root")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as flag:
        flag.write(json.dumps({"run": "run-1"}))
        flag.flush()
        assert try_lock(flag.fileno(), fcntl.LOCK_EX)
        yield


def act(double: Server, tmp_path: Path, name: str, model: str = "", **more: Any) -> EngineAnswer:
    request: Any = {"format": 1, "root": str(tmp_path / "root"), "run": "run-1", "act": name, "model": model}
    return acts.run(
        with_keys(request, **{"engine": described(double.url), **more}), Journal(str(tmp_path / "root"), "run-1")
    )


def test_a_list_names_what_is_there(double: Server, tmp_path: Path, file: Path, journal: Journal) -> None:
    sync.run(asking(tmp_path / "root", double.url, [from_file("tech", file), from_file("Art:1", file)]), journal)
    listed = act(double, tmp_path, "list")["models"]
    assert [one["name"] for one in listed] == ["Art:1", "tech"]
    assert all(len(one["digest"]) == 64 and one["size"] and one["modified"] for one in listed)
    assert {one["loaded"] for one in listed} == {None}


def test_a_list_says_what_is_loaded(tmp_path: Path) -> None:
    def play(asked: Asked) -> None:
        loaded = {"name": "tech:latest", "size": 9, "size_vram": 4, "expires_at": "soon", "details": {}}
        one = {"name": "tech:latest", "digest": "d", "size": 7, "modified_at": "now"}
        asked.tell({"models": [loaded if asked.path == "/api/ps" else one]})

    request: Any = {"root": str(tmp_path), "act": "list"}
    with scripted(play) as server:
        listed = acts.run(with_keys(request, engine=described(server.url)), Journal(str(tmp_path), ""))["models"]
    loaded = {"size": 9, "size_vram": 4, "expires_at": "soon"}
    assert listed == [{"name": "tech", "digest": "d", "size": 7, "modified": "now", "loaded": loaded}]


@pytest.mark.usefixtures("held")
def test_a_pull_by_hand_tells_what_came(double: Server, another_double: Server, tmp_path: Path, file: Path) -> None:
    sync.run(asking(tmp_path / "other", another_double.url, [from_file("tiny:1", file)]), Journal("/tmp", ""))
    with registry(another_double.store.root) as served:
        mirrors = {"mirrors": {"models": served.url}}
        pulled = act(double, tmp_path, "pull", "tiny:1", **mirrors)
        assert (pulled["changed"], pulled["name"]) == (True, "tiny:1")
        assert act(double, tmp_path, "pull", "tiny:1", **mirrors)["changed"] is False
    assert "pulling tiny:1" in (tmp_path / "root" / "run" / "journal.jsonl").read_text()


@pytest.mark.usefixtures("held")
def test_a_removal_by_hand_is_not_remembered_as_the_kits(
    double: Server, tmp_path: Path, file: Path, journal: Journal
) -> None:
    request = asking(tmp_path / "root", double.url, [from_file("tech", file)])
    sync.run(request, journal)
    assert act(double, tmp_path, "remove", "Tech") == {"changed": True, "name": "Tech"}
    assert act(double, tmp_path, "remove", "tech")["changed"] is False
    found = observe(request["engines"], tmp_path / "root")["main"]
    assert (found["models"], found["remembered"]) == ({}, {})


@pytest.mark.usefixtures("held")
def test_the_last_model_that_a_person_removes_is_not_missed(tmp_path: Path) -> None:
    root, models = tmp_path / "root", tmp_path / "models"
    for name in ("mine", "other"):
        write_model(models, name)
    place = Host(tmp_path).models(models)
    remember_places(root, {"main": place.request()})

    def play(asked: Asked) -> None:
        name = json.loads(asked.body())["model"]
        (models / "manifests" / "registry.ollama.ai" / "library" / name / "latest").unlink()
        asked.tell({})

    with scripted(play) as server:
        engine = {**described(server.url), "models_dir": str(models)}
        for name, stays in (("mine", True), ("other", False)):
            request: Any = {"root": str(root), "run": "run-1", "act": "remove", "model": name, "engine": engine}
            acts.run(request, Journal(str(root), "run-1"))
            assert look_at(root, {"main": place.request()})["main"]["had"] is stays


def test_what_changes_an_engine_needs_the_hold(double: Server, tmp_path: Path, seen: list[str]) -> None:
    for name in ("pull", "remove"):
        with pytest.raises(AgentError, match="does not have its hold"):
            act(double, tmp_path, name, "tech")
    with pytest.raises(AgentError, match="cannot fly"):
        act(double, tmp_path, "fly", "tech")
    assert seen == []


@pytest.mark.parametrize("verb", ["sync", "engine"])
def test_the_agent_knows_the_verbs(verb: str, double: Server, tmp_path: Path) -> None:
    request = {"format": 1, "root": str(tmp_path), "run": "run-1", "engines": [], "act": "list"}
    done = subprocess.run(
        [sys.executable, "-m", "deploy.agent", verb],
        input=json.dumps({**request, "engine": described(double.url)}),
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout)
    assert answer == {"models": []} if verb == "engine" else "does not have its hold" in answer["error"]["problem"]


@pytest.mark.usefixtures("held")
def test_a_pull_looks_at_the_disk_before_it_begins(
    double: Server, tmp_path: Path, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "free_bytes", lambda _path: 3 << 30)
    there = double.store.keep([b"x" * 100]).digest.partition(":")[2]
    engine = described(double.url, models_dir=str(double.store.root))
    asked = {"engine": engine, "layers": [("a" * 64, 4 << 30), (there, 100)]}
    seen.clear()
    with pytest.raises(AgentError, match=r"not enough disk at .*: 4.5 GiB needed for llama3:8b, 3.0 GiB free"):
        act(double, tmp_path, "pull", "llama3:8b", **asked)
    assert not any("/api/pull" in one for one in seen)
    # What is there already takes nothing, and an engine elsewhere has its own disk.
    (double.store.blobs / f"sha256-{'a' * 64}").touch()
    os.truncate(double.store.blobs / f"sha256-{'a' * 64}", 4 << 30)
    for more in (asked, {**asked, "engine": described(double.url, models_dir=None)}):
        with pytest.raises(AgentError, match="pulling http"):
            act(double, tmp_path, "pull", "llama3:8b", **more, mirrors={"models": "http://127.0.0.1:1"})
