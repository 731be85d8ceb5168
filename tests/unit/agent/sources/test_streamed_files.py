"""A model file that comes behind its request."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.sources import models

GGUF = b"GGUF" + bytes(range(256)) * 40


def request(folder: Path) -> Any:
    model = {"name": "tiny", "path": str(folder / "models" / "m.gguf"), "uid": os.getuid(), "gid": os.getgid()}
    model |= {"sha256": hashlib.sha256(GGUF).hexdigest(), "size": len(GGUF)}
    cache = str(folder / "cache")
    source = {"file": {"path": "/home/me/m.gguf", "stream": True}}
    return {"root": str(folder / "root"), "run": "run-1", "cache": cache, "models": [{**model, "source": source}]}


def stream(content: bytes, monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Lay the content behind a request that was read."""
    buffer = io.BytesIO(content)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(buffer))
    return buffer


def test_a_streamed_file_is_placed_and_its_stream_not_read_again(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream(GGUF, monkeypatch)
    assert models.run(request(tmp_path), journal)["changed"] is True
    path = tmp_path / "models" / "m.gguf"
    assert path.read_bytes() == GGUF
    assert path.stat().st_mode & 0o777 == 0o444
    unread = stream(GGUF, monkeypatch)
    assert models.run(request(tmp_path), journal)["changed"] is False
    assert unread.tell() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [(GGUF[:99], "m.gguf ended 10145 bytes before its end"), (GGUF[::-1], "expected sha256 .* from /home/me/m.gguf")],
)
def test_a_stream_that_broke_off_or_is_another_file_leaves_nothing(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, content: bytes, words: str
) -> None:
    stream(content, monkeypatch)
    with pytest.raises(AgentError, match=words):
        models.run(request(tmp_path), journal)
    assert list((tmp_path / "models").iterdir()) == []
