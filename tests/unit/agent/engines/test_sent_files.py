"""Files of the control node on their way to an engine: asked for only if they are missing, and checked on the way."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from deploy.agent.engines import sync
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.protocols.ollama.engine import Engine
from tests.doubles.ollama.server import Server
from tests.gguf import PLAIN, gguf
from tests.unit.agent.engines.asking import GGUF, asking, blobs_of, from_file
from tests.unit.agent.engines.scripted import described
from tests.unit.sending import NODE

SHA256 = hashlib.sha256(GGUF).hexdigest()
OTHER = gguf(PLAIN, weights=bytes(1 << 12))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.gguf"
    path.write_bytes(GGUF)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.mark.parametrize(
    ("content", "words"), [(GGUF[::-1], f"expected sha256 {SHA256}, got "), (GGUF[:-7], "ended 7 bytes before its end")]
)
def test_a_changed_or_broken_off_file_is_named_and_nothing_is_made(
    content: bytes, words: str, double: Server, root: Path, file: Path, journal: Journal
) -> None:
    asked = asking(root, double.url, [from_file("tech", file)])
    file.write_bytes(content)
    with pytest.raises(AgentError) as error:
        sync.run(asked, journal)
    assert error.value.problem.startswith("model tech: own.gguf")
    assert words in error.value.problem
    assert Engine(described(double.url), Path("/nowhere")).models() == {}
    assert blobs_of(double) == []


def test_only_missing_files_are_asked_for(double: Server, root: Path, tmp_path: Path, journal: Journal) -> None:
    (tmp_path / "old.gguf").write_bytes(GGUF)
    (tmp_path / "new.gguf").write_bytes(OTHER)
    sync.run(asking(root, double.url, [from_file("first", tmp_path / "old.gguf")]), journal)
    NODE.asked.clear()
    swapped = [from_file("first", tmp_path / "new.gguf"), from_file("second", tmp_path / "old.gguf")]
    again = from_file("third", tmp_path / "new.gguf")
    assert len(sync.run(asking(root, double.url, [*swapped, again]), journal)["created"]) == 3
    assert NODE.asked == [hashlib.sha256(OTHER).hexdigest()]
