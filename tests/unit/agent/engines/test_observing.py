from __future__ import annotations

import hashlib
import socket
import time
from pathlib import Path

import pytest

from deploy.agent.contract.engines import SyncedEngine, SyncRequest
from deploy.agent.contract.probe import ProbeRequest
from deploy.agent.engines import sync
from deploy.agent.engines.observe import SECONDS, observe
from deploy.agent.journal import Journal
from deploy.agent.observing import probe
from deploy.agent.protocols.ollama.engine import Engine
from tests.documents import with_keys
from tests.doubles.ollama.server import Server
from tests.unit.agent.engines.asking import asking, from_file
from tests.unit.agent.engines.scripted import Asked, described, scripted

IMAGE = "application/vnd.ollama.image."


@pytest.fixture
def file(tmp_path: Path, gguf: bytes) -> Path:
    path = tmp_path / "own.gguf"
    path.write_bytes(gguf)
    return path


def test_one_request_says_what_is_there_and_what_is_remembered(
    double: Server, tmp_path: Path, file: Path, journal: Journal, seen: list[str]
) -> None:
    request = asking(tmp_path / "root", double.url, [from_file("tiny", file), from_file("Tiny:Big", file)])
    sync.run(request, journal)
    seen.clear()
    found = observe(request["engines"], tmp_path / "root")["main"]
    assert seen == ["GET /api/tags"]
    live = Engine(described(double.url), tmp_path).models()
    assert found["problem"] is None
    # Under the spec's names, although the engine lists tiny:latest and tiny:Big.
    assert found["models"] == {
        "tiny": {"digest": live["tiny"].digest, "size": live["tiny"].size},
        "Tiny:Big": {"digest": live["tiny:big"].digest, "size": live["tiny:big"].size},
    }
    assert {name: pair["manifest"] for name, pair in found["remembered"].items()} == {
        name: one["digest"] for name, one in found["models"].items()
    }
    assert found["layers"] == {}


def test_a_changed_model_shows_the_layers_that_it_has_now(
    double: Server, tmp_path: Path, file: Path, journal: Journal
) -> None:
    request = asking(
        tmp_path / "root",
        double.url,
        [from_file("tech", file, system="Mine."), from_file("same", file)],
        models_dir=str(double.store.root),
    )
    sync.run(request, journal)
    hand_made = {"model": "tech", "from": "tech", "system": "A person's.", "license": ["one", "two"]}
    Engine(described(double.url), tmp_path).create(hand_made, lambda _: None)
    found = observe(request["engines"], tmp_path / "root")["main"]
    assert set(found["layers"]) == {"tech"}
    layers = found["layers"]["tech"]
    assert layers[f"{IMAGE}system"] == f"sha256:{hashlib.sha256(b'''A person's.''').hexdigest()}"
    assert layers[f"{IMAGE}license"] == ",".join(
        f"sha256:{hashlib.sha256(one).hexdigest()}" for one in (b"one", b"two")
    )
    elsewhere = [with_keys(request["engines"][0], models_dir=None)]
    assert observe(elsewhere, tmp_path / "root")["main"]["layers"] == {}
    nowhere = [with_keys(request["engines"][0], models_dir="/nowhere")]
    assert observe(nowhere, tmp_path / "root")["main"]["layers"] == {}


def test_only_what_changed_is_looked_at_and_an_engine_that_tells_no_more_is_still_compared(
    double: Server, tmp_path: Path, file: Path, journal: Journal, seen: list[str]
) -> None:
    models = [from_file(name, file, system="Mine.") for name in ("tech", "same")]
    request = asking(tmp_path / "root", double.url, models, models_dir=None)
    sync.run(request, journal)
    engine = Engine(described(double.url), tmp_path)
    engine.create({"model": "tech", "from": "tech", "system": "A person's."}, lambda _: None)
    seen.clear()
    found = observe(request["engines"], tmp_path / "root")["main"]
    # The changed one for its cause, the other one to see that it is whole.
    assert seen == ["GET /api/tags", "POST /api/show", "POST /api/show"]
    assert found["shown"] == {"tech": engine.shown("tech")}
    assert found["remembered"]["tech"]["shown"]["texts"]["system"] != found["shown"]["tech"]["texts"]["system"]

    listed = [{"name": name, "digest": "other", "size": 1} for name in ("tech", "same")]

    def mute(asked: Asked) -> None:
        asked.tell({"models": listed}) if asked.path == "/api/tags" else asked.answer(500, b"no")

    with scripted(mute) as server:
        found = observe([with_keys(request["engines"][0], address=server.url)], tmp_path / "root")["main"]
    assert (found["problem"], set(found["models"]), found["shown"]) == (None, {"tech", "same"}, {})


def wanting(request: SyncRequest, **digests: str) -> list[SyncedEngine]:
    """The engine as a probe is asked about it, with other requests for some of its models."""
    (engine,) = request["engines"]
    blobs = [
        {"sha256": one["blobs"][0]["sha256"], "model": one["name"], "request": digests.get(one["name"], one["digest"])}
        for one in engine["models"]
    ]
    return [with_keys(engine, blobs=blobs)]


def test_an_engine_outside_is_asked_for_the_files_of_models_that_are_not_as_wanted_and_for_no_others(
    double: Server, tmp_path: Path, file: Path, journal: Journal, seen: list[str]
) -> None:
    (tmp_path / "new.gguf").write_bytes(file.read_bytes() + b"more")
    made = [from_file("tech", file), from_file("same", file)]
    request = asking(tmp_path / "root", double.url, made, models_dir=None)
    sync.run(request, journal)
    sha256 = made[0]["blobs"][0]["sha256"]
    seen.clear()
    looked = ["GET /api/tags", "POST /api/show", "POST /api/show"]
    assert observe(wanting(request), tmp_path / "root")["main"]["blobs"] == []
    assert seen == looked
    seen.clear()
    assert observe(wanting(request, tech="other"), tmp_path / "root")["main"]["blobs"] == [sha256]
    assert seen == [*looked, f"HEAD /api/blobs/sha256:{sha256}"]
    more = asking(tmp_path / "root", double.url, [*made, from_file("new", tmp_path / "new.gguf")], models_dir=None)
    assert observe(wanting(more), tmp_path / "root")["main"]["blobs"] == []
    Engine(described(double.url), tmp_path).remove("same")
    assert observe(wanting(more), tmp_path / "root")["main"]["blobs"] == [sha256]


def test_what_a_stopped_engine_has_is_read_from_its_folder(
    double: Server, tmp_path: Path, file: Path, journal: Journal
) -> None:
    folder = str(double.store.root)
    models = [from_file(name, file, system="Mine.") for name in ("tech", "Same:1b")]
    request = asking(tmp_path / "root", double.url, models, models_dir=folder)
    sync.run(request, journal)
    running = observe(request["engines"], tmp_path / "root")["main"]
    Engine(described(double.url), tmp_path).create({"model": "tech", "from": "tech", "system": "X"}, lambda _: None)
    changed = observe(request["engines"], tmp_path / "root")["main"]
    off = [with_keys(request["engines"][0], address="http://127.0.0.1:1")]
    stopped = observe(off, tmp_path / "root")["main"]
    assert (stopped["is_read"], running["is_read"]) == (True, False)
    assert "refuses the connection" in stopped["problem"]
    assert stopped["models"] == changed["models"] != running["models"]
    assert stopped["layers"] == changed["layers"]
    assert set(stopped["models"]) == {"tech", "Same:1b"}


@pytest.mark.parametrize("harm", ["nothing there", "nobody may read it"])
def test_a_folder_that_cannot_be_read_says_nothing(tmp_path: Path, harm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models"
    if harm != "nothing there":
        path = folder / "manifests" / "registry.ollama.ai" / "library" / "tech" / "latest"
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    if harm == "nobody may read it":
        monkeypatch.setattr(Path, "read_bytes", denied)
    found = observe([described("http://127.0.0.1:1", models_dir=str(folder))], tmp_path)["main"]
    assert (found["is_read"], found["models"]) == (False, {})


def test_a_manifest_that_is_none_hides_no_other_model(tmp_path: Path) -> None:
    for name, content in {"tech": "{", "other": '{"layers": []}'}.items():
        path = tmp_path / "models" / "manifests" / "registry.ollama.ai" / "library" / name / "latest"
        path.parent.mkdir(parents=True)
        path.write_text(content)
    found = observe([described("http://127.0.0.1:1", models_dir=str(tmp_path / "models"))], tmp_path)["main"]
    assert (found["is_read"], set(found["models"])) == (True, {"other"})
    assert found["lost"] == {"tech": "its manifest cannot be read"}


def denied(_: Path) -> bytes:
    raise PermissionError


def test_engines_are_asked_at_once_and_none_of_them_for_long(double: Server, tmp_path: Path) -> None:
    def silent(_: Asked) -> None:
        time.sleep(5)

    def drip(asked: Asked) -> None:
        asked.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(50):
            asked.send(b" ")
            time.sleep(0.1)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with scripted(silent) as one, scripted(silent) as two, scripted(drip) as three:
        urls = {"one": one.url, "two": two.url, "three": three.url, "good": double.url, "off": refused}
        started = time.monotonic()
        found = observe([described(url, name=name) for name, url in urls.items()], tmp_path)
        took = time.monotonic() - started
    # The three slow ones, one after another, would take as long.
    assert took < 3 * SECONDS
    assert list(found) == list(urls)
    problems = {name: one["problem"] for name, one in found.items()}
    assert problems["good"] is None
    assert "refuses the connection" in problems["off"]
    for name in ("one", "two"):
        assert "nothing for 2 s" in problems[name] or "within 2 s" in problems[name]
    assert "within 2 s" in problems["three"]


def test_what_cannot_be_asked_still_says_what_is_remembered(
    double: Server, tmp_path: Path, file: Path, journal: Journal
) -> None:
    request = asking(tmp_path / "root", double.url, [from_file("tech", file)])
    sync.run(request, journal)
    key = {"secret": "gone", "owner": "main"}
    found = observe([with_keys(request["engines"][0], key=key)], tmp_path / "root")["main"]
    assert "it is not on this host" in found["problem"]
    assert set(found["remembered"]) == {"tech"}


def test_a_probe_asks_engines_only_where_it_is_asked_to(double: Server, tmp_path: Path, journal: Journal) -> None:
    request: ProbeRequest = {"format": 1, "stack": "home", "root": str(tmp_path / "root"), "ca": None}
    assert probe.run(request, journal)["engines"] == {}
    asked = with_keys(request, engines=[described(double.url)])
    assert probe.run(asked, journal)["engines"]["main"].get("models") == {}
