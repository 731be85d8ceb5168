"""A model file that the control node sends."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.sources import models
from tests.unit.sending import NODE, beside

GGUF = b"GGUF" + bytes(range(256)) * 40
SHA256 = hashlib.sha256(GGUF).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "m.gguf"
    path.write_bytes(GGUF)
    return path


def request(folder: Path, file: Path) -> Any:
    model = {"name": "tiny", "path": str(folder / "models" / "m.gguf"), "uid": os.getuid(), "gid": os.getgid()}
    model |= {"sha256": SHA256, "size": len(GGUF), "source": beside(file)}
    cache = str(folder / "cache")
    return {"root": str(folder / "root"), "run": "run-1", "cache": cache, "models": [model]}


def test_a_sent_file_is_placed_and_not_asked_for_again(tmp_path: Path, file: Path, journal: Journal) -> None:
    asked = request(tmp_path, file)
    assert models.run(asked, journal)["changed"] is True
    path = tmp_path / "models" / "m.gguf"
    assert path.read_bytes() == GGUF
    assert path.stat().st_mode & 0o777 == 0o444
    assert models.run(asked, journal)["changed"] is False
    assert NODE.asked == [SHA256]


@pytest.mark.parametrize(
    ("content", "words"),
    [(GGUF[:99], "m.gguf ended 10145 bytes before its end"), (GGUF[::-1], f"expected sha256 {SHA256}, .* from m.gguf")],
)
def test_a_file_that_broke_off_or_is_another_one_leaves_nothing(
    tmp_path: Path, file: Path, journal: Journal, content: bytes, words: str
) -> None:
    asked = request(tmp_path, file)
    file.write_bytes(content)
    with pytest.raises(AgentError, match=words):
        models.run(asked, journal)
    assert list((tmp_path / "models").iterdir()) == []
