from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.engines import SyncRequest
from deploy.agent.engines import sync
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.protocols.ollama import pulling
from deploy.agent.protocols.ollama.engine import Engine
from deploy.agent.protocols.ollama.memory import Memory
from deploy.agent.remembered import read_json
from tests.documents import with_keys
from tests.doubles.ollama import pull
from tests.doubles.ollama.server import Server
from tests.unit.agent.engines.asking import asking, from_file, model
from tests.unit.agent.engines.registry import Registry, registry
from tests.unit.agent.engines.scripted import described


class Publisher:
    """Publishes models to a registry from an engine of its own."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.engine = Engine(described(server.url), folder)
        self._folder, self._journal = folder, Journal(str(folder / "root"), "run-1")
        self._url = server.url

    def publish(self, **fields: Any) -> dict[str, Any]:
        """Make a tag mean something and return it as a lock would pin it."""
        sync.run(asking(self._folder, self._url, [from_file("llama3:8b", self._folder / "m", **fields)]), self._journal)
        live = self.engine.models()["llama3:8b"]
        return {"name": "llama3:8b", "digest": live.digest, "size": live.size}


@pytest.fixture
def publisher(another_double: Server, tmp_path: Path, gguf: bytes) -> Publisher:
    folder = tmp_path / "publisher"
    folder.mkdir()
    (folder / "m").write_bytes(gguf)
    return Publisher(another_double, folder)


@pytest.fixture
def served(another_double: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setattr(pull, "PAUSE_SECONDS", 0.001)
    with registry(another_double.store.root) as found:
        yield found


def asked(root: Path, double: Server, served: Registry, base: dict[str, Any], **more: Any) -> SyncRequest:
    """A request for a child of a tag, through the mirror."""
    child = model({"model": "child", "from": base["name"], "system": "I am the child."}, base=base)
    return {**asking(root, double.url, [child], **more), "mirrors": {"models": served.url}}


def test_a_base_is_pulled_from_the_mirror_and_keeps_no_trace_of_it(
    double: Server, publisher: Publisher, served: Registry, tmp_path: Path, journal: Journal, seen: list[str]
) -> None:
    base = publisher.publish()
    request = asked(tmp_path / "root", double, served, base)
    done = sync.run(request, journal)
    assert done == {"changed": True, "created": ["main/child"], "pulled": ["main/llama3:8b"], "removed": []}
    live = Engine(described(double.url), tmp_path).models()
    assert set(live) == {"child", "llama3:8b"}
    assert live["llama3:8b"].digest == base["digest"]
    seen.clear()
    assert sync.run(request, journal)["changed"] is False
    assert seen == ["GET /api/tags"]


def test_a_base_that_is_there_is_not_pulled(
    double: Server, publisher: Publisher, served: Registry, tmp_path: Path, journal: Journal, seen: list[str]
) -> None:
    base = publisher.publish()
    sync.run(asked(tmp_path / "root", double, served, base), journal)
    (tmp_path / "root" / "run" / "models.json").unlink()
    seen.clear()
    assert sync.run(asked(tmp_path / "root", double, served, base), journal)["pulled"] == []
    assert "POST /api/pull" not in seen


def test_a_tag_that_moved_is_told_and_left_there(
    double: Server, publisher: Publisher, served: Registry, tmp_path: Path, journal: Journal
) -> None:
    base = publisher.publish()
    moved = publisher.publish(system="Moved.")
    for _ in range(2):
        with pytest.raises(AgentError, match="has moved") as error:
            sync.run(asked(tmp_path / "root", double, served, base), journal)
        assert base["digest"][:12] in error.value.problem
        assert moved["digest"][:12] in error.value.problem
        assert "`kit lock --upgrade child`" in error.value.next_step
    live = Engine(described(double.url), tmp_path).models()
    assert {name: one.digest for name, one in live.items()} == {"llama3:8b": moved["digest"]}


def test_a_tag_that_the_kit_pulled_follows_the_lock(
    double: Server, publisher: Publisher, served: Registry, tmp_path: Path, journal: Journal
) -> None:
    sync.run(asked(tmp_path / "root", double, served, publisher.publish()), journal)
    moved = publisher.publish(system="Moved.")
    done = sync.run(asked(tmp_path / "root", double, served, moved), journal)
    assert (done["pulled"], done["created"]) == (["main/llama3:8b"], ["main/child"])


def test_a_tag_that_a_person_brought_is_not_replaced(
    double: Server, publisher: Publisher, served: Registry, tmp_path: Path, journal: Journal
) -> None:
    old = publisher.publish()
    engine = Engine(described(double.url), tmp_path)
    name = f"{served.url}/library/llama3:8b"
    engine.pull(name, lambda _: None)
    engine.copy(name, "llama3:8b")
    moved = publisher.publish(system="Moved.")
    with pytest.raises(AgentError, match="has moved"):
        sync.run(asked(tmp_path / "root", double, served, moved), journal)
    assert engine.models()["llama3:8b"].digest == old["digest"]


def test_a_tag_itself_is_a_model_of_the_spec(
    double: Server, publisher: Publisher, served: Registry, tmp_path: Path, journal: Journal, seen: list[str]
) -> None:
    base = publisher.publish()
    itself = model({"model": "llama3:8b", "from": "llama3:8b"}, base=base)
    request = with_keys(asking(tmp_path / "root", double.url, [itself]), mirrors={"models": served.url})
    done = sync.run(request, journal)
    assert (done["pulled"], done["created"]) == (["main/llama3:8b"], [])
    assert "POST /api/create" not in seen
    assert sync.run(request, journal)["changed"] is False


def test_a_registry_that_cuts_its_answers_is_asked_for_the_rest(
    double: Server, publisher: Publisher, served: Registry, tmp_path: Path, journal: Journal
) -> None:
    base = publisher.publish()
    # The engine tries six times in one pull: only the second pull can bring the end.
    served.most = base["size"] // 9
    assert sync.run(asked(tmp_path / "root", double, served, base), journal)["pulled"] == ["main/llama3:8b"]
    starts = [int(one.split("=")[1].split("-")[0]) for one in served.ranges]
    assert max(starts) > 6 * served.most
    assert "the pull ended early, resuming" in journal.path.read_text()


def test_a_registry_that_is_gone_is_an_error_and_the_next_run_goes_on(
    double: Server, publisher: Publisher, served: Registry, tmp_path: Path, journal: Journal
) -> None:
    base = publisher.publish()
    served.most = 0
    with pytest.raises(AgentError, match=r"engine main: pulling .*: max retries exceeded"):
        sync.run(asked(tmp_path / "root", double, served, base), journal)
    served.most = None
    assert sync.run(asked(tmp_path / "root", double, served, base), journal)["pulled"] == ["main/llama3:8b"]


def test_a_tag_that_nobody_has_is_an_error_in_the_engines_words(
    double: Server, served: Registry, tmp_path: Path, journal: Journal
) -> None:
    base = {"name": "nobody:1", "digest": "0" * 64, "size": 1}
    with pytest.raises(AgentError, match="file does not exist"):
        sync.run(asked(tmp_path / "root", double, served, base), journal)


def test_progress_of_a_pull_is_told_in_the_bytes_of_the_lock(
    double: Server, publisher: Publisher, served: Registry, tmp_path: Path, journal: Journal
) -> None:
    base = publisher.publish()
    sync.run(asked(tmp_path / "root", double, served, base), journal)
    assert f'"text": "pulling llama3:8b", "done": 0, "total": {base["size"]}' in journal.path.read_text()
    assert read_json(tmp_path / "root" / "run" / "models.json")["pulled"] == {"main": {"llama3:8b": base["digest"]}}  # type: ignore[index]


def test_what_was_pulled_for_a_model_that_left_is_removed_and_what_a_person_pulled_or_moved_stays(
    double: Server, publisher: Publisher, served: Registry, tmp_path: Path, journal: Journal
) -> None:
    base = publisher.publish()
    root = tmp_path / "root"
    sync.run(asked(root, double, served, base), journal)
    left = asking(root, double.url, [], prune=True)
    engine = Engine(described(double.url), root)
    engine.copy("llama3:8b", "own:1")
    assert sync.run(asking(root, double.url, []), journal)["removed"] == []
    assert sync.run(left, journal)["removed"] == ["main/child", "main/llama3:8b"]
    assert set(engine.models()) == {"own:1"}
    assert sync.run(left, journal)["changed"] is False
    # Pulled by hand through the kit, it never was in kit.yaml.
    live = pulling.pull(engine, "llama3:8b", None, served.url, journal)
    Memory(root).keep_pulled("main", "llama3:8b", live.digest)
    assert sync.run(left, journal)["removed"] == []
    # One that somebody moved to something else is theirs as well.
    sync.run(asked(root, double, served, base), journal)
    Memory(root).keep_base("main", "llama3:8b", base["digest"])
    engine.create({"model": "llama3:8b", "from": "llama3:8b", "system": "Mine."}, lambda _: None)
    assert sync.run(left, journal)["removed"] == ["main/child"]


def test_what_does_not_fit_on_the_disk_is_not_waited_for(
    double: Server,
    publisher: Publisher,
    served: Registry,
    tmp_path: Path,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    gguf: bytes,
) -> None:
    publisher.publish()
    monkeypatch.setattr(pulling, "free_bytes", lambda _path: 1000)
    engine, folder = Engine(described(double.url), tmp_path), str(double.store.root)
    with pytest.raises(AgentError, match=f"not enough disk at {folder}"):
        pulling.pull(engine, "llama3:8b", None, served.url, journal, folder)
    assert engine.models() == {}
    monkeypatch.setattr(pulling, "free_bytes", lambda _path: 2 * len(gguf))
    assert pulling.pull(engine, "llama3:8b", None, served.url, journal, folder).name == "llama3:8b"
