from __future__ import annotations

from pathlib import Path

from deploy.agent.protocols.ollama.memory import Memory


def test_a_model_is_remembered_under_its_last_spelling(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.keep("main", "tech", "r1", "m1")
    memory.keep("main", "Tech:latest", "r2", "m2")
    assert Memory(tmp_path).pairs("main") == {"Tech:latest": {"request": "r2", "manifest": "m2"}}
    assert Memory(tmp_path).pair("main", "tech") == {"request": "r2", "manifest": "m2"}
    memory.forget("main", "TECH")
    assert Memory(tmp_path).pairs("main") == {}


def test_engines_are_kept_apart(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.keep("main", "tech", "r", "m")
    assert memory.pair("other", "tech") is None
    memory.keep_pulled("main", "llama3:8b", "d")
    assert Memory(tmp_path).pulled("main", "Llama3:8B") == "d"
    assert Memory(tmp_path).pulled("other", "llama3:8b") is None
    assert Memory(tmp_path).pairs("main") == {"tech": {"request": "r", "manifest": "m"}}


def test_the_parts_of_a_request_and_the_folder_of_the_models_are_remembered_beside_them(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.keep("main", "tech", "r", "m", parts={"temperature": "1"}, shown=None)
    memory.keep_place("main", "/srv/models")
    written = (tmp_path / "run" / "models.json").stat().st_mtime_ns
    memory = Memory(tmp_path)
    assert memory.pairs("main") == {"tech": {"request": "r", "manifest": "m", "parts": {"temperature": "1"}}}
    assert (memory.place("main"), memory.place("other")) == ("/srv/models", None)
    assert memory.is_kept("main", "TECH:latest", "r", "m")
    assert not memory.is_kept("main", "tech", "r", "n")
    memory.keep_place("main", "/srv/models")
    assert (tmp_path / "run" / "models.json").stat().st_mtime_ns == written


def test_a_tag_is_remembered_until_it_is_removed(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.keep_pulled("main", "Llama3:8b", "d")
    assert (memory.tags("main"), memory.tags("other")) == (("llama3:8b",), ())
    memory.forget("main", "llama3:8B")
    assert Memory(tmp_path).tags("main") == ()
