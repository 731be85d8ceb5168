"""A model that has lost a part: found without extra requests, reported with its cause, repaired by one apply."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.contract.engines import SyncRequest
from deploy.agent.contract.releases import ServicesRequest
from deploy.agent.engines import sync
from deploy.agent.engines.observe import observe
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.protocols.ollama.engine import Engine
from tests.contract.replay import ask
from tests.documents import with_keys
from tests.doubles.ollama import pull
from tests.doubles.ollama.server import Handler, Server
from tests.unit.agent.engines.asking import asking, blob, from_blob, from_file, model
from tests.unit.agent.engines.conftest import serving
from tests.unit.agent.engines.registry import Registry, registry
from tests.unit.agent.engines.scripted import described
from tests.unit.sending import beside

UNTOUCHED = {"changed": False, "created": [], "pulled": [], "removed": []}


class Restarts:
    """Remembers which engines were to be started anew."""

    def __init__(self, problem: AgentError | None = None) -> None:
        self.asked: list[list[str]] = []
        self.problem = problem

    def __call__(self, request: ServicesRequest, _journal: Journal) -> None:
        self.asked.append(request["services"])
        if self.problem:
            raise self.problem


@pytest.fixture
def file(tmp_path: Path, gguf: bytes) -> Path:
    path = tmp_path / "own.gguf"
    path.write_bytes(gguf)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def restarts() -> Restarts:
    return Restarts()


def layer(double: Server, kind: str, name: str = "tech") -> Path:
    """Return the file of one layer of a model."""
    manifest = next(one for found, one in double.store.models().items() if found.model == name)
    parts = {part.kind: part for part in manifest.layers} | ({"config": manifest.config} if manifest.config else {})
    return double.store.blob(parts[kind].digest)


def lost(request: SyncRequest, root: Path) -> dict[str, str]:
    found: dict[str, str] = observe(request["engines"], root)["main"]["lost"]
    return found


def chatted(double: Server, name: str = "tech") -> str:
    question = json.dumps({"model": name, "messages": [{"role": "user", "content": "hi"}], "stream": False})
    return str(json.loads(ask(double.url, "POST", "/api/chat", question.encode()).lines[0])["error"])


@pytest.mark.parametrize("harm", ["missing", "cut"])
@pytest.mark.parametrize("kind", ["model", "system", "params", "config"])
def test_a_lost_layer_is_found_in_the_folder_and_made_whole(
    kind: str, harm: str, double: Server, root: Path, file: Path, journal: Journal, restarts: Restarts, seen: list[str]
) -> None:
    tech = from_file("tech", file, system="Be brief.", parameters={"top_k": 5})
    request = asking(root, double.url, [tech, from_file("other", file)], models_dir=str(double.store.root))
    sync.run(request, journal, restarts)
    assert lost(request, root) == {}
    before = double.store.models()
    path = layer(double, kind)
    content = path.read_bytes()
    path.unlink() if harm == "missing" else os.truncate(path, 5)
    seen.clear()
    words = lost(request, root)["tech"]
    assert seen == ["GET /api/tags"]
    assert ("is missing" if harm == "missing" else f"has 5 of {len(content)} bytes") in words
    # Somebody asks for it in the meantime.
    chatted(double)
    assert "main/tech" in sync.run(request, journal, restarts)["created"]
    assert restarts.asked == [["main"]]
    assert path.read_bytes() == content
    assert double.store.models().keys() == before.keys()
    assert lost(request, root) == {}
    assert sync.run(request, journal, restarts) == UNTOUCHED
    assert restarts.asked == [["main"]]
    with serving(double.store.root, Handler) as anew:
        assert "does not support chat" not in chatted(anew)


def test_a_manifest_that_cannot_be_read_is_written_again(
    double: Server, root: Path, file: Path, journal: Journal, restarts: Restarts
) -> None:
    request = asking(root, double.url, [from_file("tech", file)], models_dir=str(double.store.root))
    sync.run(request, journal, restarts)
    path = next(double.store.manifests.rglob("latest"))
    path.write_text("{")
    assert lost(request, root) == {"tech": "its manifest cannot be read"}
    assert sync.run(request, journal, restarts)["created"] == ["main/tech"]
    assert lost(request, root) == {}


def test_an_uploaded_file_that_was_cut_is_sent_again(
    double: Server, root: Path, file: Path, journal: Journal, restarts: Restarts, gguf: bytes
) -> None:
    request = asking(root, double.url, [from_file("tech", file)], models_dir=str(double.store.root))
    sync.run(request, journal, restarts)
    sha256 = request["engines"][0]["models"][0]["blobs"][0]["sha256"]
    upload = double.store.blob(f"sha256:{sha256}")
    os.truncate(upload, 100)
    wanted = [{"sha256": sha256, "size": len(gguf), "model": "tech", "request": "another"}]
    asked = [with_keys(request["engines"][0], blobs=wanted)]
    assert observe(asked, root)["main"]["blobs"] == []
    changed = asking(root, double.url, [from_file("tech", file, system="New.")], models_dir=str(double.store.root))
    assert sync.run(changed, journal, restarts)["created"] == ["main/tech"]
    assert upload.stat().st_size == len(gguf)


def test_a_mending_that_broke_off_is_ended_by_the_next_run(
    double: Server, root: Path, file: Path, journal: Journal, restarts: Restarts
) -> None:
    request = asking(root, double.url, [from_file("tech", file)], models_dir=str(double.store.root))
    sync.run(request, journal, restarts)
    layer(double, "model").unlink()
    with pytest.raises(AgentError, match="Docker is away"):
        sync.run(request, journal, Restarts(AgentError("Docker is away")))
    assert "during its repair" in lost(request, root)["tech"]
    sync.run(request, journal, restarts)
    assert restarts.asked == [["main"]]
    assert lost(request, root) == {}


@pytest.fixture
def served(another_double: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setattr(pull, "PAUSE_SECONDS", 0.001)
    with registry(another_double.store.root) as found:
        yield found


@pytest.mark.parametrize("harm", ["missing", "cut"])
@pytest.mark.parametrize("kind", ["model", "template"])
def test_a_tag_that_lost_a_layer_is_pulled_again_before_its_child_is_made(
    kind: str,
    harm: str,
    double: Server,
    another_double: Server,
    served: Registry,
    tmp_path: Path,
    file: Path,
    journal: Journal,
    restarts: Restarts,
) -> None:
    fields = {"template": "{{ .Prompt }}", "system": "Base."}
    publisher = tmp_path / "publisher"
    sync.run(
        asking(publisher, another_double.url, [from_file("llama3:8b", file, **fields)]), Journal(str(publisher), "r")
    )
    live = Engine(described(another_double.url), tmp_path).models()["llama3:8b"]
    base = {"name": "llama3:8b", "digest": live.digest, "size": live.size}
    child = model({"model": "child", "from": "llama3:8b", "template": "{{ .System }}"}, base=base)
    request = asking(root := tmp_path / "root", double.url, [child], models_dir=str(double.store.root))
    request["mirrors"] = {"models": served.url}
    request["engines"][0]["bases"] = ["llama3:8b"]
    sync.run(request, journal, restarts)
    path = layer(double, kind, "llama3")
    path.unlink() if harm == "missing" else os.truncate(path, 5)
    assert "llama3:8b" in lost(request, root)
    assert ("child" in lost(request, root)) == (kind == "model")
    found = sync.run(request, journal, restarts)
    assert (found["pulled"], found["created"]) == (["main/llama3:8b"], ["main/child"])
    assert lost(request, root) == {}
    assert restarts.asked == [["main"]]
    assert sync.run(request, journal, restarts) == UNTOUCHED


def test_an_engine_elsewhere_is_asked_to_show_its_models_and_is_never_started_anew(
    double: Server, root: Path, file: Path, journal: Journal, restarts: Restarts
) -> None:
    made = [from_file("tech", file, system="Be brief."), from_file("other", file)]
    request = asking(root, double.url, made, models_dir=None)
    sync.run(request, journal, restarts)
    assert lost(request, root) == {}
    layer(double, "system").unlink()
    assert set(lost(request, root)) == {"tech"}
    assert sync.run(request, journal, restarts)["created"] == ["main/tech"]
    assert lost(request, root) == {}
    assert sync.run(request, journal, restarts) == UNTOUCHED
    layer(double, "model", "other").unlink()
    assert set(lost(request, root)) == {"tech", "other"}
    sync.run(request, journal, restarts)
    assert lost(request, root) == {}
    assert restarts.asked == []


def test_what_nobody_asked_for_is_told_under_its_own_name(
    double: Server, root: Path, file: Path, journal: Journal, restarts: Restarts
) -> None:
    one = blob(file.read_bytes(), beside(file))
    request = asking(root, double.url, [from_blob("tech", one)], models_dir=str(double.store.root))
    sync.run(request, journal, restarts)
    Engine(described(double.url), root).create({"model": "mine", "from": "tech", "system": "Mine."}, lambda _: None)
    layer(double, "system", "mine").unlink()
    assert set(lost(request, root)) == {"mine"}
    assert sync.run(request, journal, restarts) == UNTOUCHED
