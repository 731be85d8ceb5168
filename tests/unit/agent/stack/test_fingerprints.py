"""The agent's records of containers, on files alone."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from deploy.agent.stack.fingerprints import (
    changed_secrets,
    fingerprints,
    forget,
    remember,
    remember_unknown,
    was_recreated,
)

STARTED = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(time.time() - 600))


def secret_of(root: Path, service: str, value: str, age: float) -> Path:
    path = root / "secrets" / service / "key"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def container(name: str) -> Any:
    return {"id": name, "started_at": STARTED}


def test_a_container_is_somebody_elses_only_where_another_one_is_remembered(tmp_path: Path) -> None:
    assert not was_recreated(tmp_path, "main", "a")
    remember(tmp_path, "main", "a", {})
    assert not was_recreated(tmp_path, "main", "a")
    assert was_recreated(tmp_path, "main", "b")
    forget(tmp_path, ["main"])
    assert not was_recreated(tmp_path, "main", "b")


def test_what_is_remembered_is_never_taken_for_unknown(tmp_path: Path) -> None:
    remember(tmp_path, "main", "a", {})
    remember_unknown(tmp_path, {"main": "b", "gate": "c"})
    assert was_recreated(tmp_path, "main", "b")
    assert was_recreated(tmp_path, "gate", "d")


def test_a_memory_that_is_lost_recreates_nothing_and_is_made_anew(tmp_path: Path) -> None:
    path = secret_of(tmp_path, "main", "one", age=3600)
    remember(tmp_path, "main", "a", fingerprints(tmp_path, "main"))
    (tmp_path / "run" / "fingerprints.json").unlink()
    (tmp_path / "run" / "key").unlink()
    # Of the inode, not of what is in it.
    path.chmod(0o600)
    fingerprints(tmp_path, "main")
    assert changed_secrets(tmp_path, "main", container("a")) == []
    remember_unknown(tmp_path, {"main": "a"})
    secret_of(tmp_path, "main", "two", age=3600)
    assert changed_secrets(tmp_path, "main", container("a")) == ["key"]


def test_a_container_that_nobody_remembers_is_behind_a_secret_that_was_written_since(tmp_path: Path) -> None:
    fingerprints(tmp_path, "main")
    secret_of(tmp_path, "main", "one", age=10)
    assert changed_secrets(tmp_path, "main", container("a")) == ["key"]


def test_a_container_that_never_started_will_read_the_secrets_that_there_are(tmp_path: Path) -> None:
    secret_of(tmp_path, "main", "one", age=10)
    fingerprints(tmp_path, "main")
    never_started: Any = {"id": "a", "started_at": "0001-01-01T00:00:00Z"}
    assert changed_secrets(tmp_path, "main", never_started) == []
    assert changed_secrets(tmp_path, "main", container("a")) == ["key"]
