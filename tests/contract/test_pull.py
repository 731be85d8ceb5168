"""A model comes from a registry as the recorded one did, and an interrupted one goes on where it stopped."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.replay import RECORDINGS, ask
from tests.contract.toys import toy
from tests.doubles.ollama import pull
from tests.doubles.ollama.server import Server
from tests.doubles.ollama.settings import Settings
from tests.doubles.registry.models import ModelRegistry, running_registry

MODEL = {
    "system": "Brief.",
    "license": "Free.",
    "parameters": {"top_k": 20},
    "messages": [{"role": "user", "content": "?"}],
}


@contextmanager
def running(models: Path) -> Iterator[Server]:
    server = Server(Settings.of({"OLLAMA_HOST": "127.0.0.1:0", "OLLAMA_MODELS": str(models)}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def posted(engine: Server, path: str, **document: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ask(engine.url, "POST", path, json.dumps(document).encode()).lines]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with one in it, of every kind of layer."""
    models = tmp_path_factory.mktemp("published")
    with running(models) as engine:
        content = toy(template=True)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        ask(engine.url, "POST", f"/api/blobs/{digest}", content)
        made = posted(engine, "/api/create", model="full:1", files={"toy.gguf": digest}, **MODEL)
        assert made[-1] == {"status": "success"}
    return models


@pytest.fixture
def registry(published: Path) -> Iterator[ModelRegistry]:
    with running_registry(published) as found:
        yield found


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(pull, "PAUSE_SECONDS", 0.001)
    with running(tmp_path / "models") as found:
        yield found


def pulled(engine: Server, registry: ModelRegistry) -> list[dict[str, Any]]:
    return posted(engine, "/api/pull", model=f"{registry.host}/library/full:1", insecure=True)


def shape(lines: list[dict[str, Any]]) -> list[Any]:
    """Lines without their digests and sizes; a layer that tells twice counts once."""
    found = [(re.sub(r"[0-9a-f]{12}", "DIGEST", line["status"]), sorted(line.keys() - {"completed"})) for line in lines]
    return [key for key, _ in itertools.groupby(found)]


def recording() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / "0.32.15" / "pull.json").read_text())
    return found


def test_a_pull_says_what_a_real_engine_says(engine: Server, registry: ModelRegistry) -> None:
    wanted = [json.loads(line) for line in recording()["response"]["lines"]]
    assert shape(pulled(engine, registry)) == shape(wanted)


def test_a_registry_is_asked_as_a_real_engine_asks_it(engine: Server, registry: ModelRegistry) -> None:
    pulled(engine, registry)

    def plain(requests: list[str]) -> list[str]:
        kinds = [re.sub(r"/v2/\S+/(manifests|blobs)/\S+|/(direct)/blobs/\S+", r"\1\2", one) for one in requests]
        return [" ".join(one.split()[:2]) for one in kinds]

    wanted = plain(recording()["requests_seen_by_the_registry"])
    # The recorded model was fetched in three parts.
    assert plain(registry.seen)[:4] == [key for key, _ in itertools.groupby(wanted)][:4]
    assert registry.seen[3].endswith("bytes=0-115679")


def test_a_pulled_model_keeps_the_bytes_of_its_manifest_and_the_name_of_its_registry(
    engine: Server, registry: ModelRegistry, published: Path
) -> None:
    pulled(engine, registry)
    lying = published / "manifests" / "registry.ollama.ai" / "library" / "full" / "1"
    (tag,) = json.loads(ask(engine.url, "GET", "/api/tags").lines[0])["models"]
    assert tag["name"] == f"{registry.host}/library/full:1"
    assert tag["digest"] == hashlib.sha256(lying.read_bytes()).hexdigest()


def test_a_second_pull_finds_every_layer_there(engine: Server, registry: ModelRegistry) -> None:
    pulled(engine, registry)
    layers = [line for line in pulled(engine, registry) if "digest" in line]
    assert len(layers) == 7
    assert all(line["completed"] == line["total"] for line in layers)


def test_a_blob_that_is_cut_goes_on_where_it_stopped(engine: Server, registry: ModelRegistry) -> None:
    registry.trouble.cut_after = 70_000
    assert pulled(engine, registry)[-1] == {"status": "success"}
    ranges = [one.split()[2] for one in registry.seen if "/direct/" in one]
    assert ranges[:2] == ["bytes=0-115679", "bytes=70000-115679"]


def test_a_pull_that_was_given_up_goes_on_where_it_stopped(engine: Server, registry: ModelRegistry) -> None:
    registry.trouble.cut_after, registry.trouble.times = 10_000, -1
    assert "max retries exceeded" in pulled(engine, registry)[-1]["error"]
    assert [path.name for path in engine.store.blobs.iterdir() if "-partial" in path.name]
    registry.trouble.cut_after = None
    before = len(registry.seen)
    assert pulled(engine, registry)[-1] == {"status": "success"}
    assert next(one for one in registry.seen[before:] if "/direct/" in one).endswith("bytes=60000-115679")
    assert not [path for path in engine.store.blobs.iterdir() if "-partial" in path.name]


@pytest.mark.parametrize("case", recording()["other_answers"][:2], ids=lambda case: case["when"])
def test_a_registry_that_answers_otherwise_is_refused(
    engine: Server, registry: ModelRegistry, case: dict[str, str]
) -> None:
    registry.trouble.redirects = "redirect" not in case["when"]
    name = "absent" if "404" in case["when"] else "full"
    lines = posted(engine, "/api/pull", model=f"{registry.host}/library/{name}:1", insecure=True)
    assert lines[-1] == json.loads(case["line"])
