from __future__ import annotations

from pathlib import Path

from deploy.agent.engines.memory import Memory


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
